// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { stripTerminalEscapes, TerminalEscapeFilter } from '../../lab/src/vm/terminal-escapes.ts';

describe('guest output on its way to a terminal', () => {
  const hostile: Record<string, string> = {
    'colour and cursor': 'a\x1b[31mb\x1b[2Jc\x1b[10;10Hd',
    'a window title': 'a\x1b]0;owned\x07b\x1b]2;owned\x1b\\cd',
    'the clipboard': 'ab\x1b]52;c;ZXZpbA==\x07cd',
    'device control and friends': 'a\x1bPq#0\x1b\\b\x1b_x\x1b\\c\x1b^y\x1b\\\x1bXz\x1b\\d',
    'a query that makes the terminal type': 'ab\x1b[6n\x1b[c\x1b[>c\x05cd',
    'eight-bit controls': 'a\u009b31mb\u009d0;t\u009cc\u0090q\u009cd\u0085',
    'carriage return and backspace that overwrite': 'ab\r\b\x7fcd',
    'a sequence cut by cancel': 'ab\x1b[31\x18cd',
    'character sets and reset': 'a\x1b(0b\x1bc\x1b#8cd',
    'sequences inside a string': 'ab\x1b]0;\x1b[31mx\x1b\\cd',
    'an endless sequence': `ab\x1b[${'1;'.repeat(31)}111cd`,
  };
  for (const [what, text] of Object.entries(hostile)) {
    it(`loses ${what}`, () => {
      const shown = stripTerminalEscapes(text);
      expect(shown).to.match(/^[a-d1]*$/);
      expect(shown.replaceAll('1', '')).to.equal('abcd');
    });
  }

  it('keeps newlines, tabs, and letters beyond ASCII', () => {
    expect(stripTerminalEscapes('é\t日本\n😀')).to.equal('é\t日本\n😀');
  });

  it('is not fooled by sequences cut between two pieces, at any place', () => {
    const text = 'a\x1b[31mb\x1b]0;t\x1b\\c\u009b1md';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const filter = new TerminalEscapeFilter('text');
      expect(filter.push(text.slice(0, cut)) + filter.push(text.slice(cut))).to.equal('abcd');
    }
  });

  it('leaves an editing shell its cursor, colours and screen, but no queries and no titles', () => {
    const filter = new TerminalEscapeFilter('editing');
    const harmless = 'a\r\x1b[K\x1b[1;31mb\x1b[2A\x1b[?25l\x1b[?1049h\x1b7\x1b8\bc';
    expect(filter.push(harmless)).to.equal(harmless);
    expect(filter.push('\x1b[6n\x1b[c\x1b]0;t\x07\x1b[?1000h\x1b[21t\x1bc')).to.equal('');
  });
});
