// SPDX-License-Identifier: Apache-2.0
import type { Guest } from '../guest.ts';
import { unsupported } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

const knob = '/sys/kernel/debug/kmemleak';
/**
 * Two scans: the first one that sees an object only takes its checksum. The console does not hear the
 * kernel say how many leaks there are: it would be the report, and names nothing.
 */
const scanTwice = `echo 5 >/proc/sys/kernel/printk
echo scan >${knob}; echo scan >${knob}`;
/** The console may be behind, and looks at the level only when it comes to a line. */
const hearAgain = `sleep 1
echo 8 >/proc/sys/kernel/printk`;
/** Younger objects are not reported: their pointer may be on its way. */
const minimumAgeSeconds = 5.5;
/** A scan of a debug kernel in an emulated guest takes seconds. */
const scanMs = 120_000;
/** About five objects. */
const mostLines = 150;
/** What the driver has allocated itself comes first: the first report is the one that names the crash. */
const driverFirst = `
/^unreferenced object/ { n++ }
{ text[n] = text[n] $0 "\\n" }
END {
	for (i = 1; i <= n; i++) if (index(text[i], m)) printf "%s", text[i]
	for (i = 1; i <= n; i++) if (!index(text[i], m)) printf "%s", text[i]
}`;

/** Forgets what the kernel has lost on its own before the driver was there. */
export async function forgetOldLeaks(guest: Guest): Promise<void> {
  const doing = 'looking for leaks before the driver is loaded';
  const { ok } = await guest.attempt(doing, `[ -e ${knob} ]`);
  if (!ok) {
    throw unsupported(doing, 'kmemleak in this kernel');
  }
  await guest.run(
    doing,
    `echo scan=off >${knob}\n${scanTwice}\necho clear >${knob}\n${hearAgain}`,
    scanMs,
  );
}

/**
 * Looks for memory that nothing refers to any more, once the driver has left its devices: what it
 * has lost is no longer hidden behind its own data. Still loaded, its functions have names. What is
 * found goes to the kernel's log, and is judged as any other report there.
 */
export async function kmemleak({ guest, driver }: StepContext): Promise<void> {
  await driver.unbind();
  await guest.run(
    'looking for leaks',
    `sleep ${minimumAgeSeconds}
${scanTwice}
awk '${driverFirst}' 'm=[${driver.module}]' ${knob} | head -n ${mostLines} | while IFS= read -r line; do printf '%s\\n' "$line" >/dev/kmsg; done
${hearAgain}`,
    scanMs,
  );
}
