// SPDX-License-Identifier: Apache-2.0
import type { Guest } from '../guest.ts';
import { unsupported } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

const knob = '/sys/kernel/debug/kmemleak';
/** Two scans: the first one that sees an object only takes its checksum. */
const scanTwice = `echo scan >${knob}; echo scan >${knob}`;
/** Younger objects are not reported: their pointer may be on its way. */
const minimumAgeSeconds = 5.5;
/** A scan of a debug kernel in an emulated guest takes seconds. */
const scanMs = 120_000;
/** About five objects. */
const mostLines = 150;

/** Forgets what the kernel has lost on its own before the driver was there. */
export async function forgetOldLeaks(guest: Guest): Promise<void> {
  const doing = 'looking for leaks before the driver is loaded';
  const { ok } = await guest.attempt(doing, `[ -e ${knob} ]`);
  if (!ok) {
    throw unsupported(doing, 'kmemleak in this kernel');
  }
  await guest.run(doing, `${scanTwice}; echo clear >${knob}`, scanMs);
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
    `sleep ${minimumAgeSeconds}; ${scanTwice}
head -n ${mostLines} ${knob} | while IFS= read -r line; do echo "$line" >/dev/kmsg; done
sleep 1`,
    scanMs,
  );
}
