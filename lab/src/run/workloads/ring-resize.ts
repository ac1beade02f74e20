// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The rings get other sizes under traffic. */
export interface RingResize {
  readonly step: 'ring-resize';
  readonly sizes: readonly { readonly rx: number; readonly tx: number }[];
}

export function drawRingResize(random: SeededRandom): RingResize {
  const times = random.int(2, 6);
  const sizes = Array.from({ length: times }, () => ({
    rx: drawRingSize(random),
    tx: drawRingSize(random),
  }));
  return { step: 'ring-resize', sizes };
}

/** A power of two from 64 to 2,048. */
export function drawRingSize(random: SeededRandom): number {
  return 2 ** random.int(6, 11);
}

export async function ringResize({ sizes }: RingResize, context: StepContext): Promise<void> {
  const resizes = sizes.map(({ rx, tx }) => `resize ${rx} ${tx}`).join('\n');
  await runScript(
    context,
    'resizing the rings',
    `must 'ethtool -g' ethtool -g $near
resize() { # RX TX
	case $(ethtool -G $near rx $1 tx $2 2>&1) in
	*'not supported'*) missing 'ethtool -G' ;;
	*'annot allocate memory'*) echo 'no memory for rings' >&2; quiet; exit 1 ;;
	esac
	set -- $1 $2 $(ethtool -g $near | sed -n '/^Current/,$ { s/^RX:[^0-9]*//p; s/^TX:[^0-9]*//p }')
	[ "$1 $2" = "$3 $4" ] || wrong "rings of $m do not get the size that was asked for | rx $1 tx $2: rx $3 tx $4"
}
noise 20
${resizes}
quiet`,
  );
  await context.driver.provesTraffic();
}
