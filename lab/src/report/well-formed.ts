// SPDX-License-Identifier: Apache-2.0
import { plainText } from '../console/terminal-text.ts';

/** Text without lone halves of characters, which no encoding and no other format has. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '');
}

/** A line of hostile text for people: no terminal escape, control character or half of a character is left. */
export function printable(line: string): string {
  return wellFormed(plainText(line));
}
