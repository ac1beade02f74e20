// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from '../crash-report.ts';
import type { Detector } from '../detector.ts';

function kcsanType(title: string): CrashType {
  if (title.includes('assert')) return 'KCSAN-ASSERT';
  return title.includes('data-race') ? 'KCSAN-DATARACE' : 'KCSAN-UNKNOWN';
}

function kmsanType(title: string): CrashType {
  if (title.includes('infoleak')) return 'KMSAN-INFO-LEAK';
  if (title.includes('uninit-value')) return 'KMSAN-UNINIT-VALUE';
  return title.includes('use-after-free') ? 'KMSAN-USE-AFTER-FREE-READ' : 'KMSAN-UNKNOWN';
}

function kfenceType(title: string): CrashType {
  if (title.includes('invalid free')) return 'KFENCE-INVALID-FREE';
  if (title.includes('memory corruption')) return 'KFENCE-MEMORY-CORRUPTION';
  const access = / (?<access>read|write) in /.exec(title)?.groups?.['access'];
  if (access === undefined) return 'KFENCE-UNKNOWN';
  const word = access === 'read' ? 'READ' : 'WRITE';
  return title.includes('use-after-free') ? `KFENCE-USE-AFTER-FREE-${word}` : `KFENCE-${word}`;
}

function ubsanType(title: string): CrashType {
  return /array-index-out-of-bounds|object-size-mismatch|out-of-bounds in/.test(title) &&
    !title.includes('shift-out-of-bounds')
    ? 'MEMORY_SAFETY_UBSAN'
    : 'UBSAN';
}

const badAccess = ['bad-access in {frame}'];

/** KCSAN, KMSAN, KFENCE and UBSAN. */
export const sanitizerDetectors: readonly Detector[] = [
  {
    family: 'kcsan',
    strength: 'cause',
    header: /BUG: KCSAN: (?<kind>[a-z:_ -]+?) in (?<fn>[^\s+]+)(?:\+0x\S+)? \/ (?<other>[^\s+]+)/,
    title: 'KCSAN: {kind} in {fn} / {other}',
    type: kcsanType,
    search: 'innermost',
  },
  {
    family: 'kcsan',
    strength: 'cause',
    header: /BUG: KCSAN: (?<kind>[a-z:_ -]+?) in (?<fn>[^\s+]+)/,
    title: 'KCSAN: {kind} in {frame}',
    type: kcsanType,
    search: 'innermost',
  },
  {
    family: 'kmsan',
    strength: 'cause',
    header: /BUG: KMSAN: (?<kind>[a-z -]+?) in (?<fn>[^\s+]+)/,
    skip: /^usb_(?:submit_urb|hcd_submit_urb|start_wait_urb|bulk_msg|interrupt_msg|control_msg\w*)$/,
    title: 'KMSAN: {kind} in {frame}',
    altTitles: badAccess,
    type: kmsanType,
    search: 'innermost',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: memory corruption in (?<fn>[^\s+]+)/,
    title: 'KFENCE: memory corruption in {frame}',
    type: kfenceType,
    search: 'innermost',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: invalid free in (?<fn>[^\s+]+)/,
    title: 'KFENCE: invalid free in {frame}',
    altTitles: ['invalid-free in {frame}'],
    type: kfenceType,
    search: 'innermost',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: (?<kind>[a-z -]+) in (?<fn>[^\s+]+)/,
    title: 'KFENCE: {kind} in {frame}',
    altTitles: badAccess,
    type: kfenceType,
    search: 'innermost',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: Undefined behaviour in /,
    title: 'UBSAN: undefined-behaviour in {frame}',
    type: ubsanType,
    search: 'innermost',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: (?<kind>array-index-out-of-bounds) in /,
    title: 'UBSAN: {kind} in {frame}',
    altTitles: badAccess,
    type: ubsanType,
    search: 'innermost',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: (?<kind>[\w-]+) in /,
    title: 'UBSAN: {kind} in {frame}',
    type: ubsanType,
    search: 'innermost',
  },
];
