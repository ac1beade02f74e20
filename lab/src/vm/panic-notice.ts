// SPDX-License-Identifier: Apache-2.0
import type { QmpClient } from 'qemu-ipc/qmp-client';

/** The guest's kernel told the machine, by its pvpanic device, that it has panicked. */
export interface PanicNotice {
  readonly source: 'pvpanic';
  /** On the monotonic clock of this process, in milliseconds (`performance.now()`). */
  readonly atMs: number;
  readonly wallTime: Date;
}

/** Resolves when QEMU reports a panic of the guest; stays pending for ever when there is none. */
export function watchForPanic(qmp: QmpClient): Promise<PanicNotice> {
  const events = qmp.events({ names: ['GUEST_PANICKED', 'GUEST_CRASHLOADED'] });
  return new Promise((resolve) => {
    const watch = async (): Promise<void> => {
      for await (const _event of events) {
        resolve({ source: 'pvpanic', atMs: performance.now(), wallTime: new Date() });
        return;
      }
    };
    // The link ends with the machine; that no panic was seen by then is what `pending` says.
    watch().catch(() => undefined);
  });
}
