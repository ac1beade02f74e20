// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The driver is taken off one of the devices under traffic, and bound again. */
export interface Rebind {
  readonly step: 'rebind';
  /** 0 is the device on this side of the link. */
  readonly device: number;
  readonly times: number;
}

export function drawRebind(random: SeededRandom): Rebind {
  return { step: 'rebind', device: random.int(0, 1), times: random.int(1, 5) };
}

export async function rebind({ device, times }: Rebind, context: StepContext): Promise<void> {
  const { driver } = context;
  await runScript(
    context,
    'unbinding and binding the driver',
    `d=${driver.device(device)}
noise 10
i=0; while [ $i -lt ${times} ]; do
	echo $d >$p/unbind
	said=$( { echo $d >$p/bind; } 2>&1) || case $said in
		*'annot allocate memory'*) echo "$said" >&2; quiet; exit 1 ;;
		*) wrong "probe of $m fails without an injected fault | $said" ;;
	esac
	i=$((i + 1))
done
quiet`,
  );
  await driver.restore();
}
