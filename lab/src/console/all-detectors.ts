// SPDX-License-Identifier: Apache-2.0

import type { Detector } from './detector.ts';
import { bugDetectors } from './detectors/bug.ts';
import { deviceDetectors } from './detectors/device.ts';
import { hangDetectors } from './detectors/hang.ts';
import { kasanDetectors } from './detectors/kasan.ts';
import { lockingDetectors } from './detectors/locking.ts';
import { memoryDetectors } from './detectors/memory.ts';
import { oopsDetectors } from './detectors/oops.ts';
import { otherDetectors } from './detectors/other.ts';
import { fuzzerDetectors, panicDetectors } from './detectors/panic.ts';
import { rustDetectors } from './detectors/rust.ts';
import { sanitizerDetectors } from './detectors/sanitizers.ts';
import { warningDetectors } from './detectors/warning.ts';

/** Every detector; the first that fits wins, so the special come before the general. */
export const allDetectors: readonly Detector[] = [
  ...rustDetectors,
  ...kasanDetectors,
  ...sanitizerDetectors,
  ...oopsDetectors,
  ...bugDetectors,
  ...lockingDetectors,
  ...hangDetectors,
  ...memoryDetectors,
  ...deviceDetectors,
  ...warningDetectors,
  ...panicDetectors,
  ...fuzzerDetectors,
  ...otherDetectors,
];

// Most lines of a console are no header; one cheap test keeps them away from the detectors.
const keyword =
  /BUG|WARNING:|INFO:|nable to handle|fault|panic|PANIC|opcode: |divide|int3: |segment: |Alignment trap|Internal error|UBSAN|nobody cared|IRQ #|NETDEV WATCHDOG|page_pool|DMAR|AMD-Vi|smmu|DMA-API|Bus Error|unreferenced|kmemleak|VFS: |unregister_netdevice|LOCKUP|SYZF|fatal error: |trusty|Insufficient stack|kernel stack overflow/;

/** Whether a line can have a header in it; false says that it has none. */
export function mayHaveHeader(line: string): boolean {
  return keyword.test(line);
}

// A search for a word is much faster than a pattern.
const marked = allDetectors.map((detector) => ({ detector, words: wordsOf(detector.header) }));

/** The longest text that whatever the pattern matches must have; empty when there is none. */
function wordsOf({ source }: RegExp): string {
  const gap = '\n';
  let rest = source
    .replace(/\\([./])/g, (_, char: string) => (char === '.' ? '\t' : char))
    .replace(/\\./g, gap)
    .replace(/\[[^\]]*\]/g, gap);
  // A group without a choice reads as if it were none.
  const inner = /\((?:\?(?::|<\w+>))?([^()]*)\)(?![?*{])|\([^()]*\)/;
  while (inner.test(rest)) {
    rest = rest.replace(inner, (_, text?: string) =>
      text === undefined || /\||^\?/.test(text) ? gap : text,
    );
  }
  // A bar outside all groups parts the whole pattern.
  if (rest.includes('|')) return '';
  const runs = rest.replace(/[\s\S](?:[?*]|\{[^}]*\})/g, gap).split(/[\n^$.+]/);
  return runs.reduce((a, b) => (b.length > a.length ? b : a), '').replaceAll('\t', '.');
}

/** The first detector whose header a message matches, or undefined for an ordinary message. */
export function detectHeader(text: string): Detector | undefined {
  if (!mayHaveHeader(text)) return undefined;
  for (const { detector, words } of marked) {
    if (text.includes(words) && matchesHeader(detector, text)) return detector;
  }
  return undefined;
}

/** Whether a message starts a report of this kind. */
export function matchesHeader(detector: Detector, text: string): boolean {
  return detector.header.test(text) && !(detector.unless?.test(text) ?? false);
}
