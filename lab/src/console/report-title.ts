// SPDX-License-Identifier: Apache-2.0

const maxTitleLength = 120;
/** More of a line is not looked at. */
const maxRaw = 2000;

/** What changes from run to run. */
const changing: readonly (readonly [pattern: RegExp, constant: string])[] = [
  [/syz-executor\.?\d+(?:[/:]\d+)?/g, 'syz-executor'],
  [/syzkaller\d+(?:[/:]\d+)?/g, 'syzkaller'],
  [/(?<=[^a-zA-Z0-9])(?:0x)?[0-9a-f]{6,}/g, 'ADDR'],
  [/\d{1,3}(?:\.\d{1,3}){3}/g, 'IP'],
  [/(?<=\.\w+)(?::\d+)+/g, ':LINE'],
  [/(?<=[a-zA-Z][a-zA-Z0-9_.]+)\+0x[0-9a-z]+\/0x[0-9a-z]+/g, ''],
  [/CPU#\d+/g, 'CPU'],
  [/(?<=\W)\d+(?=\W|$)/g, 'NUM'],
  [/\d{7,}/g, 'NUM'],
];

/** Takes out of a title what changes from run to run: addresses, numbers, lines, offsets; at most 120 printable characters. */
export function normalizeTitle(title: string): string {
  let normal = title.slice(0, maxRaw);
  for (const [pattern, constant] of changing) normal = normal.replace(pattern, constant);
  return normal
    .slice(0, maxTitleLength)
    .replace(/\t/g, ' ')
    .replace(/[^\u0020-\u007e]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}
