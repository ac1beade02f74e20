// SPDX-License-Identifier: Apache-2.0

import { parseSweep } from '../../faults/guest-alloc-failure.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import { drawRingSize } from './ring-resize.ts';
import type { StepContext } from './step-context.ts';

/** The rings are resized again and again under traffic, with one allocation after the other failing. */
export interface RingResizeFailing {
  readonly step: 'ring-resize-failing';
  readonly size: number;
  readonly first: number;
  readonly tries: number;
}

export function drawRingResizeFailing(random: SeededRandom): RingResizeFailing {
  const size = drawRingSize(random);
  const first = random.chance(0.5) ? 1 : random.int(1, 200);
  return { step: 'ring-resize-failing', size, first, tries: random.int(4, 10) };
}

export async function ringResizeFailing(
  { size, first, tries }: RingResizeFailing,
  context: StepContext,
): Promise<void> {
  const stdout = await runScript(
    context,
    'failing allocations while the rings are resized',
    `must 'ethtool -g' ethtool -g $near
must 'ethtool -G' ethtool -G $near rx ${size === 64 ? 128 : size / 2}
noise 30
n=${first} tries=0 delivered=0 size=${size}
while [ $tries -lt ${tries} ]; do
	one=$(lab-fault nth $m $n ethtool -G $near rx $size 2>/dev/null)
	one=\${one#*lab-fault: delivered }
	tries=$((tries + 1)) n=$((n + 1))
	[ "\${one%% *}" -gt 0 ] || break
	delivered=$((delivered + \${one%% *}))
	[ $size = ${size} ] && size=${size * 2} || size=${size}
done
quiet
echo "lab-fault: swept $tries delivered $delivered"`,
  );
  context.allocFailures(parseSweep(stdout) ?? { requested: tries, delivered: 0 });
  // A driver may leave the interface down when it has no memory for it; then it must come up again.
  await context.driver.restore();
}
