// SPDX-License-Identifier: Apache-2.0

import { Interrupted } from '../errors.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A signal that aborts at the first Ctrl-C (or TERM, HUP), so that the verb can save and tidy up.
 * The second one ends the process at once: VMs die with their parent.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted());
  };
  for (const name of STOP_SIGNALS) process.on(name, stop);
  return controller.signal;
}

/** Does work that Ctrl-C cuts short; Interrupted, then, whatever it fails with. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = interruptSignal();
  try {
    await work(signal);
  } catch (error) {
    // Whatever was cut short, the reason is the user's wish.
    throw signal.aborted ? new Interrupted() : error;
  }
}
