// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/**
 * The function is reset, in whatever way the device has, while the interface is down: of which no driver needs to be
 * told, as it sets up its device when the interface comes up.
 */
export interface ResetWhileDown {
  readonly step: 'reset-while-down';
  readonly times: number;
}

export function drawResetWhileDown(random: SeededRandom): ResetWhileDown {
  return { step: 'reset-while-down', times: random.int(1, 3) };
}

export async function resetWhileDown(
  { times }: ResetWhileDown,
  context: StepContext,
): Promise<void> {
  // Flags: IFF_BROADCAST | IFF_MULTICAST, without and with IFF_UP.
  await runScript(
    context,
    'resetting the function of an interface that is down',
    `d=/sys/class/net/$near/device
[ -e $d/reset ] || missing 'way to reset the device'
noise 10
i=0; while [ $i -lt ${times} ]; do
	echo 0x1002 >/sys/class/net/$near/flags
	must 'a reset of the function' sh -c "echo 1 >$d/reset"
	must 'coming up after a reset' sh -c "echo 0x1003 >/sys/class/net/$near/flags"
	i=$((i + 1))
done
quiet`,
  );
  await context.driver.provesTraffic();
}
