// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { readVerdict } from '../../lab/src/run/read-verdict.ts';
import { verdict } from '../support/results.ts';

/** As it comes from a file. */
function written(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document));
}

describe('a verdict in a file', () => {
  it('is read as it was written', () => {
    const said = verdict('r1');
    expect(readVerdict(written(said))).to.deep.equal({ kind: 'verdict', verdict: said });
  });

  it('of a lab that knew less is read with what was true of all of its runs', () => {
    const { attempt: _a, canary: _c, host: _h, cell, faults: _f, ...said } = verdict('r1');
    const { profile: _p, ...oldCell } = cell;
    const crashes = [{ title: 'Oops', type: 'DoS', frame: null, corrupted: false }];
    const faults = { 'irq-storm': { requested: 2, delivered: 1 } };
    const read = readVerdict(written({ ...said, crashes, cell: oldCell, faults }));
    const now = { attempt: 0, canary: false, host: '', crashes };
    expect(read).to.deep.equal({
      kind: 'verdict',
      verdict: verdict('r1', { ...now, faults: { ...verdict('').faults, ...faults } }),
    });
  });

  const [crash] = verdict('r1').crashes;
  const mistakes: readonly (readonly [what: string, document: unknown, said: RegExp])[] = [
    ['of a newer lab', { ...verdict('r1'), version: 2 }, /^version: /],
    ['that is none', [], /^the document: /],
    ['with a word of its own', { ...verdict('r1'), outcome: 'MAYBE' }, /^outcome: .*PASS.*MISS/],
    [
      'with a crash without a title',
      { ...verdict('r1'), crashes: [crash, { ...crash, title: 7 }] },
      /^crashes\[1\]\.title: .*string/,
    ],
    [
      'that took less than no time',
      { ...verdict('r1'), exposure: { wallMs: -1, virtualMs: 0 } },
      /^exposure\.wallMs: /,
    ],
    [
      'with more than one mistake',
      { ...verdict('r1'), cycle: 'x', endedAt: 'later' },
      /cycle: .*; endedAt: must be a time/,
    ],
  ];
  for (const [what, document, said] of mistakes) {
    it(`${what} is refused, and the place named`, () => {
      const read = readVerdict(written(document));
      expect(read.kind === 'bad' ? read.problem : 'taken').to.match(said);
    });
  }
});
