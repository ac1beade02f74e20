// SPDX-License-Identifier: Apache-2.0
import { plainText } from '../console/terminal-text.ts';

/** Text without halves of characters and what is no character: formats and encodings differ in what they make of them. */
export function wellFormed(text: string): string {
  return text.replace(/[\p{Cs}\ufffe\uffff]/gu, '');
}

/** A line of hostile text for people: no terminal escape, control character or half of a character is left. */
export function printable(line: string): string {
  return wellFormed(plainText(line));
}
