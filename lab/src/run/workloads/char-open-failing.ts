// SPDX-License-Identifier: Apache-2.0
import { parseSweep } from '../../faults/guest-alloc-failure.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { findCharDevices } from './char-files.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The character device is opened again and again, with one allocation after the other failing. */
export interface CharOpenFailing {
  readonly step: 'char-open-failing';
  readonly first: number;
  readonly tries: number;
}

export function drawCharOpenFailing(random: SeededRandom): CharOpenFailing {
  const first = random.chance(0.7) ? 1 : random.int(1, 20);
  return { step: 'char-open-failing', first, tries: random.int(4, 10) };
}

export async function charOpenFailing(
  { first, tries }: CharOpenFailing,
  context: StepContext,
): Promise<void> {
  const stdout = await runScript(
    context,
    'failing allocations while the character device is opened',
    `${findCharDevices(context.driver)}
set -- $nodes
n=${first} tries=0 delivered=0
while [ $tries -lt ${tries} ]; do
	one=$(lab-fault nth $m $n dd if=$1 of=/dev/null bs=64 count=1 2>/dev/null)
	one=\${one#*lab-fault: delivered }
	tries=$((tries + 1)) n=$((n + 1))
	[ "\${one%% *}" -gt 0 ] || break
	delivered=$((delivered + \${one%% *}))
done
echo "lab-fault: swept $tries delivered $delivered"`,
  );
  context.allocFailures(parseSweep(stdout) ?? { requested: tries, delivered: 0 });
}
