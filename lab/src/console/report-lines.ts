// SPDX-License-Identifier: Apache-2.0

import { readFrames } from './stack-frame.ts';

const reportLine = new RegExp(
  [
    String.raw`^\s*$`,
    String.raw`^\s+\S`,
    String.raw`^(?:=+|-+|\*+)\s*$`,
    String.raw`^(?:-+\[|8<-+)`,
    String.raw`^\s*(?:R[A-Z0-9]{1,2}|E?FLAGS|CS|DS|ES|FS|GS|SS|CR\d|DR\d|PKRU|Code|Stack|task|pstate|pc|lr|sp|x\d+|r\d+|psr|ip|fp|esr|PGD|PUD|pgd)\s*:?\s`,
    String.raw`^(?:CPU|Call [Tt]race|Hardware name|Workqueue|Modules linked in|Tainted|Process|Kernel Offset|Kernel panic|Rebooting in|Dumping ftrace|irq event stamp|hardirqs last|softirqs last|Memory state|The buggy|Allocated by|Freed by|which belongs|Read of|Write of|Last potentially|Second to last|page:|raw:|flags:|Uninit was|Local variable|Bytes |Memory access|Data copied|Reported by|NMI backtrace|Sending NMI|Showing all|PGD|Oops|Internal error|handlers:|Disabling IRQ|stack backtrace|Possible unsafe|other info|but task|but this|which (?:lock|became|would)|the existing|-> #|\d+ locks? held|no locks held|INFO: lockdep|Mem abort|Data abort|\[[0-9a-f]{8,16}\]|turning off|rcu:|rcu_|task:|kthread starved|caller is|preemption|in_atomic|lock:|Kernel Code|note: |---)`,
  ].join('|'),
);

/** Whether a message looks like a part of a crash report, rather than ordinary news. */
export function belongsToReport(text: string): boolean {
  return reportLine.test(text) || readFrames(text).length > 0;
}

/** Whether nothing of the same report comes after this message. */
export function endsReport(text: string): boolean {
  return /---\[ end (?:trace|Kernel panic)|^Rebooting in \d+ seconds/.test(text);
}
