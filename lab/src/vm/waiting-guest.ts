// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { type Wait, waitFor } from 'qemu-ipc/wait';

/** The kernel parameter with which a guest waits before its first login, to be saved there and forked. */
export const waitingGuest = 'lab.wait';

/** What the guest's lab-wait says (images/initramfs/programs/lab-wait.c). */
const waits = 'waiting\n';
const seedBytes = 32;

/** Resolves when the guest at the other end of its SSH port waits to be saved; not at all when its machine ends. */
export async function guestWaits(port: Readable, wait: Wait): Promise<void> {
  const said = async () => {
    let text = '';
    for await (const chunk of port.iterator({ destroyOnReturn: false })) {
      text += (chunk as Buffer).toString('latin1');
      if (text.endsWith(waits)) return;
    }
    // The port ends with QEMU; how that did is somebody else's to tell.
    await new Promise<never>(() => undefined);
  };
  await waitFor(said(), wait, 'the guest to come up');
}

/** Tells the guest that waits what a machine restored from a file cannot know: the time, and numbers of its own. */
export function wakeGuest(port: Writable): void {
  const now = Date.now();
  const seconds = Math.floor(now / 1_000);
  const nanoseconds = (now % 1_000) * 1_000_000;
  port.write(`${seconds} ${nanoseconds} ${randomBytes(seedBytes).toString('hex')}\n`);
}
