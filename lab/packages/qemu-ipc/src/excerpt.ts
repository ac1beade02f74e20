// SPDX-License-Identifier: Apache-2.0

const LONGEST = 120;

/** The start of untrusted text on one printable line, quoted. */
export function excerpt(text: string): string {
  const start = text.slice(0, LONGEST).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${start}"${text.length > LONGEST ? `… (${text.length} characters)` : ''}`;
}
