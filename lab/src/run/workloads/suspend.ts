// SPDX-License-Identifier: Apache-2.0
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** All devices are suspended and resumed under traffic, the machine itself goes on. */
export interface Suspend {
  readonly step: 'suspend';
}

export async function suspend(context: StepContext): Promise<void> {
  await runScript(
    context,
    'suspending and resuming the devices',
    `[ -e /sys/power/state ] && [ -e /sys/power/pm_test ] || missing 'suspend, or test of it, in this kernel'
has_function suspend || missing "suspend in $m"
echo 0 >/sys/module/suspend/parameters/pm_test_delay
echo devices >/sys/power/pm_test
noise 10
must 'suspend and resume' sh -c 'echo freeze >/sys/power/state'
quiet
echo none >/sys/power/pm_test`,
  );
  await context.driver.provesTraffic();
}
