// SPDX-License-Identifier: Apache-2.0

const ESC = '\\u001b';
const BEL = '\\u0007';
const C1_CSI = '\\u009b';
const STRING_END = `(?:${BEL}|${ESC}\\\\|\\u009c|$)`;

const escapeSequences = new RegExp(
  [
    `(?:${ESC}\\[|${C1_CSI})[0-?]*[ -/]*[@-~]`,
    `(?:${ESC}[PX^_\\]]|[\\u0090\\u0098\\u009d-\\u009f])[^${BEL}${ESC}\\u009c]*${STRING_END}`,
    `${ESC}[ -/]*[0-~]`,
  ].join('|'),
  'g',
);
// What moves a cursor, rings or reorders text. Tab (u0009) stays.
const controlRanges = [
  ['\\u0000', '\\u0008'],
  ['\\u000a', '\\u001f'],
  ['\\u007f', '\\u009f'],
  // Arabic letter mark, zero-width and directional marks, line separators, bidirectional controls, byte order mark.
  ['\\u061c', '\\u061c'],
  ['\\u200b', '\\u200f'],
  ['\\u2028', '\\u202e'],
  ['\\u2060', '\\u2069'],
  ['\\ufeff', '\\ufeff'],
];
const controls = new RegExp(`[${controlRanges.map((range) => range.join('-')).join('')}]`, 'g');
const suspicious = /[^\t\u0020-\u007e]/;

/** Makes one line of guest output safe for a terminal or a page: no escape sequence or control character is left. */
export function plainText(line: string): string {
  if (!suspicious.test(line)) return line;
  return line.replace(escapeSequences, '').replace(controls, '');
}
