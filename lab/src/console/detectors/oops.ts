// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const family = 'oops';
const badAccess = ['bad-access in {frame}'];
const kernelFault = {
  family,
  strength: 'cause',
  search: 'registers',
  altTitles: badAccess,
} as const;

/** Page faults, NULL dereferences and the processor's other exceptions. */
export const oopsDetectors: readonly Detector[] = [
  {
    ...kernelFault,
    header: /BUG: (?:unable to handle kernel |kernel |Kernel )NULL pointer dereference/,
    title: 'BUG: unable to handle kernel NULL pointer dereference in {frame}',
    type: 'NULL-POINTER-DEREFERENCE',
  },
  {
    ...kernelFault,
    header:
      /BUG: (?:unable to handle (?:kernel paging request|page fault for address)|Unable to handle kernel (?:data|instruction) (?:access|fetch))/,
    title: 'BUG: unable to handle kernel paging request in {frame}',
    type: 'MEMORY_SAFETY_BUG',
  },
  // The rest of the line was printed later, or by another CPU.
  {
    ...kernelFault,
    header: /BUG: [uU]nable to handle kernel(?! NULL)/,
    title: 'BUG: unable to handle kernel',
    type: '',
    altTitles: [],
    search: 'none',
    incomplete: true,
  },
  {
    ...kernelFault,
    header: /Unable to handle kernel NULL pointer dereference/,
    title: 'BUG: unable to handle kernel NULL pointer dereference in {frame}',
    type: 'NULL-POINTER-DEREFERENCE',
  },
  {
    ...kernelFault,
    header: /Unable to handle kernel (?<access>access to user memory|write to read-only memory)/,
    unless: /BUG: /,
    title: 'BUG: unable to handle kernel {access} in {frame}',
    type: '',
  },
  {
    ...kernelFault,
    header: /Unable to handle kernel /,
    title: 'BUG: unable to handle kernel paging request in {frame}',
    type: 'MEMORY_SAFETY_BUG',
  },
  {
    family,
    strength: 'cause',
    header: /BUG: (?:stack guard page was hit|\S+ stack guard page was hit)/,
    title: 'BUG: stack guard page was hit in {frame}',
    altTitles: ['stack-overflow in {frame}'],
    type: '',
    search: 'entry',
  },
  {
    ...kernelFault,
    header: /general protection fault(?:, .*)?:/,
    unless: /traps: |general protection fault ip:/,
    title: 'general protection fault in {frame}',
    type: 'DoS',
  },
  // The rest of the line got lost.
  {
    ...kernelFault,
    header: /general protection fault(?:$|, )/,
    unless: /traps: /,
    title: 'general protection fault',
    altTitles: [],
    type: '',
    search: 'none',
  },
  {
    family,
    strength: 'cause',
    header: /stack segment: /,
    title: 'stack segment fault in {frame}',
    type: 'DoS',
    search: 'registers',
  },
  {
    family,
    strength: 'cause',
    header: /divide[ _]error: /,
    unless: /traps: /,
    title: 'divide error in {frame}',
    type: 'DoS',
    search: 'instruction',
  },
  {
    family,
    strength: 'consequence',
    header: /invalid opcode: /,
    unless: /traps: |invalid opcode ip:/,
    title: 'invalid opcode in {frame}',
    type: 'DoS',
    search: 'instruction',
  },
  {
    family,
    strength: 'cause',
    header: /(?:^|Oops: )int3: /,
    title: 'int3 in {frame}',
    type: 'DoS',
    search: 'registers',
  },
  {
    family,
    strength: 'consequence',
    header: /PANIC: double fault/,
    title: 'PANIC: double fault in {frame}',
    type: 'DoS',
    search: 'instruction',
  },
  {
    ...kernelFault,
    header: /^\s*(?:Unhandled fault: )/,
    title: 'Unhandled fault in {frame}',
    type: 'DoS',
  },
  {
    family,
    strength: 'cause',
    header: /^\s*Alignment trap: /,
    // The fault that the trap could not mend.
    followedBy: /^\s*Unhandled fault: alignment exception/,
    title: 'Alignment trap in {frame}',
    type: 'DoS',
    search: 'registers',
  },
  {
    ...kernelFault,
    strength: 'consequence',
    header: /^\s*Internal error: (?:Oops|.*\[#\d+\])/,
    title: 'Internal error in {frame}',
    type: 'DoS',
  },
  {
    family,
    strength: 'consequence',
    header: /^\s*Insufficient stack space to handle exception!|^kernel stack overflow/,
    title: 'kernel stack overflow in {frame}',
    altTitles: ['stack-overflow in {frame}'],
    type: 'DoS',
    search: 'entry-of-trace',
  },
];
