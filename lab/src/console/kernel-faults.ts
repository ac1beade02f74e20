// SPDX-License-Identifier: Apache-2.0
import type { CrashReport } from './crash-report.ts';

/** A fault of the kernel's own, whatever driver is bound. */
interface KernelFault {
  readonly title: string;
  /** What its lines must have, its first line the first; without, no module may be on its stacks. */
  readonly says?: readonly string[];
}

const ownFaults: readonly KernelFault[] = [
  // pciehp of 7.3 takes its reset_lock again under the lock of rescans, which it has taken under it: each
  // removal of a device from a slot makes lockdep say so once, and then fall silent.
  { title: 'possible deadlock in pciehp_unconfigure_device' },
  { title: 'possible deadlock in pciehp_configure_device' },
  // register_irq_proc() of 7.3 (kernel/irq/proc.c) does not look whether it got its files in /proc/irq, and whoever
  // frees the interrupt is warned, in line 742, of one that is not there. Line 750 warns of one that is still in use.
  {
    title: 'WARNING in remove_proc_entry',
    says: ['WARNING: fs/proc/generic.c:742 at ', ' unregister_irq_proc+0x'],
  },
];

/** Whether a report is one of a fault of the kernel's own that is known, and says nothing of a driver. */
export function isKernelsOwn({ title, lines }: CrashReport): boolean {
  return ownFaults.some(
    (fault) =>
      fault.title === title &&
      (fault.says === undefined
        ? !lines.some((line) => /\+0x[0-9a-f]+\/0x[0-9a-f]+ \[/.test(line))
        : fault.says.every((words) => lines.some((line) => line.includes(words)))),
  );
}

/** Whether a report of which more may come could turn out to be one. */
export function couldBeKernelsOwn({ title, lines: [heading = ''] }: CrashReport): boolean {
  return ownFaults.some(
    ({ title: own, says: [first] = [] }) =>
      own === title && first !== undefined && heading.includes(first),
  );
}

/**
 * Whether a report is but kmemleak's count of what it suspects: whoever looks for leaks prints the objects, and those
 * name the driver or do not. A guest whose RCU stands still has a thousand objects that nobody refers to.
 */
export function isCountOfLeaks({ family, lines }: CrashReport): boolean {
  return family === 'kmemleak' && !lines.some((line) => line.includes('unreferenced object'));
}
