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

  it('goes on from what an earlier one had come to', () => {
    const jump = { at: 16n, target: 64n, next: 32n };
    const map = {
      sections: new Map([['.text', { at: 0n, size: 256n }]]),
      lines: [{ start: 0n, end: 32n, file: 'ring.c', line: 7 }],
      functions: [{ name: 'clean', start: 0n, end: 32n }],
      jumps: [jump],
    };
    const loads = [{ '.text': '0x1000' }];
    const first = new WorldCoverage(map);
    const executed = 'block 1000 1020\nedge 1010 1040\n';
    expect(first.add(executed, loads, { resetting: 1 })).to.equal(true);
    const second = new WorldCoverage(map);
    second.take(JSON.parse(JSON.stringify(first.state)) as typeof first.state);
    const { lines, functions, branches, states } = second.report();
    expect([lines, functions, branches].map(({ reached }) => reached)).to.deep.equal([1, 1, 1]);
    expect(states.reached).to.equal(1);
    expect(second.add(executed, loads, { resetting: 1 })).to.equal(false);
  });

  it('knows of no states where devices tell none', () => {
    const coverage = new WorldCoverage(nothing);
    expect(coverage.add('', [], {})).to.equal(false);
    expect(coverage.report().states.all).to.equal(0);
  });
});
