// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from '../crash-report.ts';
import type { Detector } from '../detector.ts';

function typeOf(title: string): CrashType {
  const [, kind = '', word] = /^KASAN: ([a-z-]+)(?: (Read|Write)\b)?/.exec(title) ?? [];
  const access = word === 'Write' ? 'WRITE' : 'READ';
  if (kind === 'double-free' || kind === 'invalid-free') return 'KASAN-INVALID-FREE';
  if (kind === 'null-ptr-deref' && word) return `KASAN-NULL-POINTER-DEREFERENCE-${access}`;
  if (kind === 'use-after-free' || (kind === 'slab-use-after-free' && word)) {
    return `KASAN-USE-AFTER-FREE-${access}`;
  }
  const known = word === 'Write' ? written : word === 'Read' ? read : touched;
  return known.test(kind) ? `KASAN-${access}` : 'KASAN-UNKNOWN';
}

// Which kinds have a type word of their own, with each access and when the access was lost; one is at least a read.
const written =
  /^(?:(?:global-|slab-|stack-|vmalloc-)?out-of-bounds|user-memory-access|wild-memory-access)$/;
const read = new RegExp(`${written.source}|^(?:invalid-access|unknown-crash)$`);
const touched = /^(?:(?:slab|stack)-out-of-bounds|wild-memory-access)$/;

const kasan = { family: 'kasan', strength: 'cause', search: 'trace', type: typeOf } as const;

/** KASAN: use after free, out of bounds and bad frees. */
export const kasanDetectors: readonly Detector[] = [
  {
    ...kasan,
    header: /BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in (?<fn>\S+)/,
    skip: /slab_|kfree|vunmap|vfree/,
    title: 'KASAN: invalid-free in {frame}',
    altTitles: ['invalid-free in {frame}'],
  },
  {
    ...kasan,
    header: /BUG: KASAN: (?<kind>[a-z-]+) in (?<fn>[^\s+]+)/,
    body: /(?:^|\n).*?\b(?<access>Read|Write) (?:of size \d+ )?(?:at addr|by task|of size)/,
    // The way of an exception that a memory tag raises.
    skip: /kernel_fault|tag_check|mem_abort|^el1h?_/,
    title: 'KASAN: {kind} {access} in {frame}',
    altTitles: ['bad-access in {frame}'],
  },
  {
    ...kasan,
    header: /BUG: KASAN: (?<kind>[a-z-]+) on address/,
    body: /\n.*\b(?<access>Read|Write) of size \d/,
    title: 'KASAN: {kind} {access}',
    search: 'none',
  },
  {
    ...kasan,
    header: /BUG: KASAN: (?<rest>.+)/,
    title: 'KASAN: {rest}',
    search: 'none',
    incomplete: true,
  },
];
