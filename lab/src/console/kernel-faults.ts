// SPDX-License-Identifier: Apache-2.0
import type { CrashReport } from './crash-report.ts';

/** What the kernel complains of by itself, whatever driver is bound: no driver is on these stacks. */
const ownFaults: readonly string[] = [
  // pciehp of 7.3 takes its reset_lock again under the lock of rescans, which it has taken under it: each
  // removal of a device from a slot makes lockdep say so once, and then fall silent.
  'possible deadlock in pciehp_unconfigure_device',
  'possible deadlock in pciehp_configure_device',
];

/** Whether a report is one of a fault of the kernel's own that is known, and says nothing of a driver. */
export function isKernelsOwn({ title, lines }: CrashReport): boolean {
  return (
    ownFaults.includes(title) && !lines.some((line) => /\+0x[0-9a-f]+\/0x[0-9a-f]+ \[/.test(line))
  );
}

/**
 * Whether a report is but kmemleak's count of what it suspects: whoever looks for leaks prints the objects, and those
 * name the driver or do not. A guest whose RCU stands still has a thousand objects that nobody refers to.
 */
export function isCountOfLeaks({ family, lines }: CrashReport): boolean {
  return family === 'kmemleak' && !lines.some((line) => line.includes('unreferenced object'));
}
