// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const header = /rust_kernel: panicked at (?<file>[^\s:]+)(?::\d+)*:?/;

/** Panics of Rust code in the kernel: named by their message and by the function of the driver that could not go on. */
export const rustDetectors: readonly Detector[] = [
  {
    family: 'rust-panic',
    strength: 'cause',
    header,
    body: /panicked at [^\n]*\n\s*(?<message>(?!-+\[ cut here|kernel BUG|Oops:)\S[^\n]*)/,
    title: '{message} in {frame}',
    type: '',
    search: 'trace',
  },
  {
    family: 'rust-panic',
    strength: 'cause',
    header,
    title: 'rust panic in {frame}',
    type: '',
    search: 'trace',
    incomplete: true,
  },
];
