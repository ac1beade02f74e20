// SPDX-License-Identifier: Apache-2.0

/**
 * What may reach the terminal: `text` only lets printable characters, newline and tab through; `editing` also
 * lets through what line editors and full-screen programs need (cursor, erase, colour, a few modes) and nothing
 * that makes a terminal answer, retitle, copy, or report.
 */
export type EscapePolicy = 'text' | 'editing';

type State = 'ground' | 'escape' | 'intermediate' | 'csi' | 'string' | 'string-escape';

/** Longest control sequence that is kept; a longer one is no sequence an honest program sends. */
const longestSequence = 64;

/** Final bytes of control sequences that move, erase, scroll, colour, or set margins. */
const editingFinals = new Set('@ABCDEFGHIJKLMPSTXZ`abdefmrsu');
/** Private modes that are safe to set: cursor keys, wrap, cursor shape, alternate screen, bracketed paste. */
const editingModes = new Set(['1', '7', '12', '25', '47', '1047', '1048', '1049', '2004']);

/** Removes terminal escapes from hostile text that arrives in pieces; state is kept between pieces. */
export class TerminalEscapeFilter {
  readonly #policy: EscapePolicy;
  #state: State = 'ground';
  #sequence = '';

  constructor(policy: EscapePolicy) {
    this.#policy = policy;
  }

  /** The part of `text` that may be shown. */
  push(text: string): string {
    let shown = '';
    for (const character of text) shown += this.#step(character);
    return shown;
  }

  #step(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    // Cancel and substitute end any sequence, as in a real terminal.
    if (code === 0x18 || code === 0x1a) return this.#to('ground');
    switch (this.#state) {
      case 'ground':
        return this.#ground(character, code);
      case 'escape':
        return this.#escape(character, code);
      case 'intermediate':
        return code >= 0x30 && code <= 0x7e ? this.#to('ground') : '';
      case 'csi':
        return this.#csi(character, code);
      case 'string':
        if (code === 0x07 || code === 0x9c) return this.#to('ground');
        return code === 0x1b ? this.#to('string-escape') : '';
      case 'string-escape':
        if (character === '\\') return this.#to('ground');
        return this.#to(code === 0x1b ? 'string-escape' : 'string');
    }
  }

  #to(state: State): string {
    this.#state = state;
    this.#sequence = '';
    return '';
  }

  #ground(character: string, code: number): string {
    if (code === 0x1b) return this.#to('escape');
    if (code === 0x9b) return this.#to('csi');
    if (isStringOpener(code - 0x40)) return this.#to('string');
    if (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code <= 0x9f)) return character;
    if (character === '\n' || character === '\t') return character;
    const edits = character === '\r' || character === '\b' || character === '\x07';
    return this.#policy === 'editing' && edits ? character : '';
  }

  #escape(character: string, code: number): string {
    if (code === 0x1b) return '';
    if (character === '[') return this.#to('csi');
    if (isStringOpener(code)) return this.#to('string');
    if (code >= 0x20 && code <= 0x2f) return this.#to('intermediate');
    this.#to('ground');
    // Save and restore cursor, index, reverse index.
    return this.#policy === 'editing' && '78DM'.includes(character) ? `\x1b${character}` : '';
  }

  #csi(character: string, code: number): string {
    if (code === 0x1b) return this.#to('escape');
    // C0 controls act in the middle of a sequence; here they are dropped.
    if (code < 0x20) return '';
    if (code < 0x40) {
      this.#sequence += character;
      return this.#sequence.length > longestSequence ? this.#to('ground') : '';
    }
    const parameters = this.#sequence;
    this.#to('ground');
    const kept = this.#policy === 'editing' && isEditingSequence(parameters, character);
    return kept ? `\x1b[${parameters}${character}` : '';
  }
}

/** Text without terminal escapes and control characters, safe to print; newlines and tabs stay. */
export function stripTerminalEscapes(text: string): string {
  return new TerminalEscapeFilter('text').push(text);
}

/** Device control, start of string, operating system command, privacy message, application command. */
function isStringOpener(code: number): boolean {
  return code === 0x50 || code === 0x58 || (code >= 0x5d && code <= 0x5f);
}

function isEditingSequence(parameters: string, final: string): boolean {
  if (/^[\d;:]*$/.test(parameters)) return editingFinals.has(final);
  const modes = /^\?([\d;]+)$/.exec(parameters)?.[1];
  if (modes === undefined || (final !== 'h' && final !== 'l')) return false;
  return modes.split(';').every((mode) => editingModes.has(mode));
}
