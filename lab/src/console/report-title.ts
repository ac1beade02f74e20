// SPDX-License-Identifier: Apache-2.0

const maxTitleLength = 120;

/** Takes out of a title what changes from run to run: addresses, numbers, lines, offsets; at most 120 printable characters. */
export function normalizeTitle(title: string): string {
  return title
    .replace(/\bsyz-executor[.\d]+/g, 'syz-executor')
    .replace(/\bsyzkaller\d+/g, 'syzkaller')
    .replace(/(?<!\w)(?:0x[0-9a-f]{6,}|(?=[a-f]*[0-9])[0-9a-f]{6,})(?!\w)/g, 'ADDR')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, 'IP')
    .replace(/(\.[A-Za-z]{1,2}):\d+(?::\d+)?/g, '$1:LINE')
    .replace(/([\w.]+)\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '$1')
    .replace(/\bCPU#\d+/g, 'CPU')
    .replace(/(?<![\w.])\d+(?!\.?\w)/g, 'NUM')
    .replace(/\d{7,}/g, 'NUM')
    .replace(/\t/g, ' ')
    .replace(/[^\u0020-\u007e]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, maxTitleLength)
    .trimEnd();
}
