// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { WorldCoverage } from '../../lab/src/coverage/world-coverage.ts';

describe('the coverage of worlds', () => {
  const nothing = { sections: new Map(), lines: [], functions: [], jumps: [] };

  it('takes a state of the device that none was in before for something new', () => {
    const coverage = new WorldCoverage(nothing);
    expect(coverage.add('', [], { resetting: 0, 'link-down': 0 })).to.equal(false);
    expect(coverage.add('', [], { resetting: 2, 'link-down': 0 })).to.equal(true);
    expect(coverage.add('', [], { resetting: 9, 'link-down': 0 })).to.equal(false);
    const { states } = coverage.report();
    expect(states).to.deep.equal({ reached: 1, all: 2, missing: ['link-down'] });
  });

  it('knows of no states where devices tell none', () => {
    const coverage = new WorldCoverage(nothing);
    expect(coverage.add('', [], {})).to.equal(false);
    expect(coverage.report().states.all).to.equal(0);
  });
});
