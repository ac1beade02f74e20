// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const header = /[kK]ernel BUG at (?<place>\S+)/;
const unless = /^\s*\S*panicked at/;
const inFrame = { strength: 'cause', header, unless, search: 'registers' } as const;

/** BUG() and BUG_ON(), and the checks that end in one. */
export const bugDetectors: readonly Detector[] = [
  {
    ...inFrame,
    family: 'list-corruption',
    header: /[kK]ernel BUG at \S*lib\/list_debug\.c/,
    title: 'BUG: corrupted list in {frame}',
    altTitles: ['bad-access in {frame}'],
    type: 'MEMORY_SAFETY_BUG',
    search: 'trace',
  },
  {
    ...inFrame,
    family: 'usercopy',
    header: /[kK]ernel BUG at \S*mm\/usercopy\.c/,
    title: 'BUG: bad usercopy in {frame}',
    skip: /usercopy|__check/,
    type: 'BUG',
    search: 'trace',
  },
  // The core helper that ends a Rust panic whose first line was lost.
  {
    ...inFrame,
    family: 'rust-panic',
    header: /[kK]ernel BUG at rust\/helpers/,
    strength: 'consequence',
    title: 'kernel BUG in {frame}',
    type: 'BUG',
    incomplete: true,
  },
  {
    family: 'bug',
    strength: 'cause',
    header: /Kernel BUG (?<what>(?:at|in) .+)/,
    unless,
    title: 'kernel BUG {what}',
    type: 'BUG',
    wantsTrace: true,
    search: 'none',
  },
  {
    ...inFrame,
    family: 'bug',
    title: 'kernel BUG in {frame}',
    type: 'BUG',
    // The checks of packets are in their accessors, the mistake is in who calls them.
    skip: /^skb_/,
  },
];
