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
// Whoever copies the kernel's messages puts something of his own in front of them.
const copiedPrefix = new RegExp(
  `^(?:${[
    // dmesg -T and -e: [Sat Nov 22 07:00:00 2025], [Nov22 07:00], [  +0.000012]
    String.raw`\[(?:[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}|[A-Z][a-z]{2} ?\d+ \d\d:\d\d| *[+<] *\d+\.\d+>?)\] ?`,
    // dmesg -x
    '(?:kern|user|daemon|syslog) *: *[a-z]+ *: ',
    // The records of /dev/kmsg, which netconsole sends too.
    String.raw`\d{1,3},\d+,\d+,[-c+][^; ]{0,80};`,
    // journalctl and syslog, with whichever date, and the dates of dmesg and of Go.
    String.raw`(?:<\d{1,3}>)?(?:\[ *\d+\.\d+\]|[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d(?:\.\d+)?) \S+ kernel: ?`,
    String.raw`(?:<\d{1,3}>)?(?:1 )?\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* (?:\S+ kernel: ?)?`,
  ].join('|')})`,
);
/** Android's kernels name CPU, task and its number after the time. */
const androidTask = /^ ?\[ ?\d{1,3}: *[^\]]{1,16}: *(\d+)\] ?/;
const priority = /^<\d{1,3}>/;
const callerOnly = /^(?:<\d{1,3}>)?\[ *([CT]\d+)\] ?/;

/** Takes one raw line apart; more than one result when a message was printed into another. */
export function readConsoleLine(raw: string, number: number): ConsoleLine[] {
  const whole = plainText(raw).replace(dropped, '');
  const line = withoutPrefix(whole);
  const parts: ConsoleLine[] = [];
  const printed = () => (parts.length === 0 ? whole : '');
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
    const android = androidTask.exec(line.slice(from, from + 64));
    if (android) {
      caller = `T${android[1]}`;
      from += android[0].length;
    }
  }
  if (seconds === null) {
    const named = callerOnly.exec(line);
    if (named) {
      caller = named[1] ?? '';
      from = named[0].length;
    }
  }
  const text = tidy(line.slice(from), seconds);
  parts.push({ number, caller, seconds, text, printed: printed(), torn: false });
  return parts;
}

/** Cuts off what a copying program added. */
function withoutPrefix(line: string): string {
  return line.replace(copiedPrefix, '');
}

function tidy(text: string, seconds: number | null): string {
  const message = text.trimEnd();
  return seconds === null ? message.replace(priority, '') : message;
}
