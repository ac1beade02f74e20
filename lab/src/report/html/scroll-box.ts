// SPDX-License-Identifier: Apache-2.0
import { type Content, html, type Markup } from './markup.ts';

/** Something wider than a phone: it scrolls by itself, with the keyboard too, and leaves the page alone. */
export function scrollBox(name: string, content: Content, look: 'card' | 'bare' = 'card'): Markup {
  return html`<div class="scroll${look === 'bare' ? ' bare' : ''}" role="region" aria-label="${name}" tabindex="0">${content}</div>`;
}
