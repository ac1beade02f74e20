// SPDX-License-Identifier: Apache-2.0

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\t': '&#9;',
};
/** Not a Char of XML 1.0 (production 2), not even as a reference; carriage return is one, and is of no use here. */
const forbidden = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text for between tags of XML 1.0. */
export function escapeXml(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>]/g, (character) => entities[character] ?? '');
}

/** Text for between quotes of XML 1.0, where a parser makes spaces of what is not escaped. */
export function escapeXmlAttribute(text: string): string {
  return text
    .replace(forbidden, '')
    .replace(/[&<>"'\n\t]/g, (character) => entities[character] ?? '');
}
