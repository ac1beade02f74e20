// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** Function-level resets under traffic, which the driver is told of before and after. */
export interface ResetFunction {
  readonly step: 'reset-function';
  readonly device: number;
  readonly times: number;
}

export function drawResetFunction(random: SeededRandom): ResetFunction {
  return { step: 'reset-function', device: random.int(0, 1), times: random.int(1, 4) };
}

export async function resetFunction(
  { device, times }: ResetFunction,
  context: StepContext,
): Promise<void> {
  await runScript(
    context,
    'resetting the function',
    `d=/sys/bus/pci/devices/${context.driver.device(device)}
grep -qw flr $d/reset_method 2>/dev/null || missing 'function-level reset of the device'
has_function reset_prepare || missing "reset_prepare in $m"
echo flr >$d/reset_method
noise 10
i=0; while [ $i -lt ${times} ]; do
	must 'a function-level reset' sh -c "echo 1 >$d/reset"
	i=$((i + 1))
done
quiet`,
  );
  await context.driver.provesTraffic();
}
