// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from '../crash-report.ts';
import type { Detector } from '../detector.ts';

function typeOf(title: string): CrashType {
  const access = / Write(?: |$)/.test(title) ? 'WRITE' : 'READ';
  if (/^KASAN: (?:double|invalid)-free/.test(title)) return 'KASAN-INVALID-FREE';
  if (/^KASAN: null-ptr-deref/.test(title)) return `KASAN-NULL-POINTER-DEREFERENCE-${access}`;
  if (/use-after-free|use-after-return|use-after-scope/.test(title)) {
    return `KASAN-USE-AFTER-FREE-${access}`;
  }
  return /out-of-bounds|access|overflow/.test(title) || / (?:Read|Write) /.test(title)
    ? `KASAN-${access}`
    : 'KASAN-UNKNOWN';
}

const kasan = { family: 'kasan', strength: 'cause', search: 'innermost', type: typeOf } as const;

/** KASAN: use after free, out of bounds and bad frees. */
export const kasanDetectors: readonly Detector[] = [
  {
    ...kasan,
    header: /BUG: KASAN: (?:double-free or invalid-free|double-free|invalid-free) in (?<fn>\S+)/,
    title: 'KASAN: invalid-free in {frame}',
    altTitles: ['invalid-free in {frame}'],
  },
  {
    ...kasan,
    header: /BUG: KASAN: (?<kind>[a-z-]+) (?:in (?<fn>[^\s+]+)|on address)/,
    body: /(?:^|\n).*?\b(?<access>Read|Write) (?:of size \d+ )?(?:at addr|by task|of size)/,
    title: 'KASAN: {kind} {access} in {frame}',
    altTitles: ['bad-access in {frame}'],
  },
  {
    ...kasan,
    header: /BUG: KASAN: (?<rest>.+)/,
    title: 'KASAN: {rest}',
    search: 'none',
    incomplete: true,
  },
];
