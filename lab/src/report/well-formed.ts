// SPDX-License-Identifier: Apache-2.0

/** Text without lone halves of characters, which no encoding and no other format has. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '');
}
