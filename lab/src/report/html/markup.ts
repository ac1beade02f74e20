// SPDX-License-Identifier: Apache-2.0
import { wellFormed } from '../well-formed.ts';

/** Text that may stand in a page as it is; only `html` makes it. */
export interface Markup {
  readonly markup: string;
}

/** What can be put into a template: markup as it is, text escaped, a list piece by piece, nothing for null. */
export type Content = Markup | string | number | null | readonly Content[];

const made = new WeakSet<object>();

/** Template of HTML or SVG: everything put into it is escaped, unless `html` has made it. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let text = parts[0] ?? '';
  for (const [at, content] of contents.entries()) text += markupOf(content) + (parts[at + 1] ?? '');
  const markup: Markup = { markup: text };
  made.add(markup);
  return markup;
}

/** Text for between tags or between quotes: no character of it means anything to a browser. */
export function escapeHtml(text: string): string {
  return wellFormed(text)
    .replace(unwanted, '')
    .replace(special, (character) => entities[character] ?? '');
}

const special = /[&<>"'`]/g;
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

// Controls but for tab and newline, what reorders or hides text, and what is no character.
const unwantedRanges =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufffe\\uffff';
const unwanted = new RegExp(`[${unwantedRanges}]`, 'g');

function markupOf(content: Content): string {
  if (content === null) return '';
  if (typeof content === 'string') return escapeHtml(content);
  if (typeof content === 'number') return String(content);
  if (isMarkup(content)) return content.markup;
  return content.map(markupOf).join('');
}

function isMarkup(content: Markup | readonly Content[]): content is Markup {
  return made.has(content);
}
