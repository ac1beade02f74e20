// SPDX-License-Identifier: Apache-2.0

import { plainText } from './terminal-text.ts';

/** A line of a console, taken apart. */
export interface ConsoleLine {
  /** From 1; the parts of a line that two writers share have the same number. */
  readonly number: number;
  /** `T123` or `C0` from a kernel with CONFIG_PRINTK_CALLER, else the empty word. */
  readonly caller: string;
  /** Seconds since boot, or null when the line has no time stamp. */
  readonly seconds: number | null;
  /** The message, without time stamp and caller; leading blanks are kept. */
  readonly text: string;
  /** The whole line as printed, without terminal escapes; empty for further parts of the same line. */
  readonly printed: string;
  /** Another message begins in the middle of this one. */
  readonly torn: boolean;
}

const stamp = /(?:<\d{1,3}>)?\[ *(\d{1,9})\.(\d{6})\](?:\[ *([CT]\d+)\])?/g;
const dropped = /^\*\* \d+ printk messages dropped \*\* ?/;
// Go's log and syslog put a date of their own in front of what they copy.
const copiedPrefix =
  /^(?:\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* |[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ kernel: )(?=\S)/;
const priority = /^<\d{1,3}>/;

/** Takes one raw line apart; more than one result when a message was printed into another. */
export function readConsoleLine(raw: string, number: number): ConsoleLine[] {
  const line = plainText(raw).replace(dropped, '');
  const parts: ConsoleLine[] = [];
  const printed = () => (parts.length === 0 ? line : '');
  let caller = '';
  let seconds: number | null = null;
  let from = 0;
  for (const match of line.matchAll(stamp)) {
    const before = line.slice(from, match.index);
    if (before.trim() !== '' || parts.length > 0) {
      parts.push({
        number,
        caller,
        seconds,
        text: tidy(before, seconds),
        printed: printed(),
        torn: true,
      });
    }
    seconds = Number(`${match[1]}.${match[2]}`);
    caller = match[3] ?? '';
    from = match.index + match[0].length;
    if (line[from] === ' ') from++;
  }
  const text = tidy(line.slice(from), seconds);
  parts.push({ number, caller, seconds, text, printed: printed(), torn: false });
  return parts;
}

function tidy(text: string, seconds: number | null): string {
  const message = text.trimEnd();
  return seconds === null ? message.replace(copiedPrefix, '').replace(priority, '') : message;
}
