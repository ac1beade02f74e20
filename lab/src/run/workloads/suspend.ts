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
# The console by which this comes does not live through it; lab-bridge finds it again.
c=/sys/bus/virtio/drivers/virtio_console
ports=
for d in $c/virtio*; do [ ! -e $d ] || ports="$ports \${d##*/}"; done
back() { for d in $ports; do echo $d >$c/bind; done; }
echo 0 >/sys/module/suspend/parameters/pm_test_delay
echo devices >/sys/power/pm_test
noise 10
for d in $ports; do echo $d >$c/unbind; done
said=$(sh -c 'echo freeze >/sys/power/state' 2>&1)
status=$?
back
outcome() { echo "$said"; return $status; }
must 'suspend and resume' outcome
quiet
echo none >/sys/power/pm_test`,
  );
  await context.driver.provesTraffic();
}
