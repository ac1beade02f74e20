// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from '../crash-report.ts';
import type { Detector } from '../detector.ts';

function kcsanType(title: string): CrashType {
  if (title.includes('assert: race')) return 'KCSAN-ASSERT';
  return title.includes('data-race') ? 'KCSAN-DATARACE' : 'KCSAN-UNKNOWN';
}

function kmsanType(title: string): CrashType {
  if (title.includes('uninit-value')) return 'KMSAN-UNINIT-VALUE';
  if (/use-after-free|infoleak-after-free/.test(title)) return 'KMSAN-USE-AFTER-FREE-READ';
  return title.includes('infoleak') ? 'KMSAN-INFO-LEAK' : 'KMSAN-UNKNOWN';
}

function kfenceType(title: string): CrashType {
  if (title.includes('invalid free')) return 'KFENCE-INVALID-FREE';
  if (title.includes('memory corruption')) return 'KFENCE-MEMORY-CORRUPTION';
  const access = / (?<access>read|write) in /.exec(title)?.groups?.['access'];
  if (access === undefined && !/use-after-free|out-of-bounds/.test(title)) return 'KFENCE-UNKNOWN';
  const word = access === 'write' ? 'WRITE' : 'READ';
  return title.includes('use-after-free') ? `KFENCE-USE-AFTER-FREE-${word}` : `KFENCE-${word}`;
}

function ubsanType(title: string): CrashType {
  return title.includes('array-index-out-of-bounds') ? 'MEMORY_SAFETY_UBSAN' : 'UBSAN';
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
    search: 'none',
  },
  {
    family: 'kcsan',
    strength: 'cause',
    header: /BUG: KCSAN: (?<kind>[a-z:_ -]+?) in (?<fn>[^\s+]+)/,
    title: 'KCSAN: {kind} in {fn}',
    type: kcsanType,
    search: 'none',
  },
  {
    family: 'kmsan',
    strength: 'cause',
    header: /BUG: KMSAN: (?<kind>kernel-usb-infoleak[a-z-]*) in [^\s+]+/,
    skip: /alloc_skb|usb_(?:bulk_msg|control_msg|interrupt_msg|start_wait_urb|submit_urb)/,
    title: 'KMSAN: {kind} in {frame}',
    type: kmsanType,
    search: 'report',
  },
  {
    family: 'kmsan',
    strength: 'cause',
    header: /BUG: KMSAN: (?<kind>[a-z -]+?) in [^\s+]+/,
    // Who allocates, hands over or enciphers data did not forget to fill it.
    skip: /alloc_skb|netlink_(?:ack|rcv_skb)|_encrypt$|^(?:cipher|crypto|drbg|rng)_/,
    title: 'KMSAN: {kind} in {frame}',
    altTitles: badAccess,
    type: kmsanType,
    search: 'report',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: memory corruption in (?<fn>[^\s+]+)/,
    title: 'KFENCE: memory corruption in {frame}',
    type: kfenceType,
    search: 'report',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: invalid free in (?<fn>[^\s+]+)/,
    title: 'KFENCE: invalid free in {frame}',
    altTitles: ['invalid-free in {frame}'],
    type: kfenceType,
    search: 'report',
  },
  {
    family: 'kfence',
    strength: 'cause',
    header: /BUG: KFENCE: (?<kind>[a-z -]+) in (?<fn>[^\s+]+)/,
    title: 'KFENCE: {kind} in {frame}',
    altTitles: badAccess,
    type: kfenceType,
    search: 'report',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: Undefined behaviour in /,
    skip: /ubsan|overflow/,
    title: 'UBSAN: undefined-behaviour in {frame}',
    type: ubsanType,
    search: 'trace',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: (?<kind>array-index-out-of-bounds) in /,
    skip: /ubsan|overflow/,
    title: 'UBSAN: {kind} in {frame}',
    altTitles: badAccess,
    type: ubsanType,
    search: 'trace',
  },
  {
    family: 'ubsan',
    strength: 'cause',
    header: /UBSAN: (?<kind>[\w-]+) in /,
    skip: /ubsan|overflow/,
    title: 'UBSAN: {kind} in {frame}',
    type: ubsanType,
    search: 'trace',
  },
];
