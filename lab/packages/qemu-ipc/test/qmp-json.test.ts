// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { parseQmpJson, stringifyQmpJson } from '../src/qmp-json.ts';

describe('QMP JSON', () => {
  const exact: readonly (readonly [string, unknown])[] = [
    ['0', 0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['18446744073709551615', 18446744073709551615n],
    ['1.5', 1.5],
    ['"18446744073709551615"', '18446744073709551615'],
  ];
  for (const [text, value] of exact) {
    it(`carries ${text} both ways`, () => {
      expect(parseQmpJson(text)).to.equal(value);
      expect(stringifyQmpJson(value)).to.equal(text);
    });
  }

  it('reads large fractions as numbers', () => {
    expect(parseQmpJson('1e+20')).to.equal(1e20);
  });

  it('refuses to send a number that would not arrive as meant', () => {
    expect(() => stringifyQmpJson({ size: 2 ** 63 })).to.throw(RangeError, 'size');
    expect(() => stringifyQmpJson({ list: [Number.NaN] })).to.throw(RangeError);
  });

  it('leaves out members that are undefined, and never breaks the line', () => {
    expect(stringifyQmpJson({ a: undefined, b: 'x\ny' })).to.equal('{"b":"x\\ny"}');
  });

  it('keeps a hostile __proto__ out of the prototype', () => {
    const value = parseQmpJson('{"__proto__": {"return": 1}}') as object;
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect('return' in value).to.equal(false);
  });
});
