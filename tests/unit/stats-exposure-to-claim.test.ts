// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { exposureToClaim } from '../../lab/src/stats/exposure-to-claim.ts';
import { poissonProbabilities, probabilityThat } from '../support/stats-reference.ts';

/** Largest mean of a Poisson count that is compatible with so many events, one-sided 95%. */
const upperCounts = [
  [0, 2.996],
  [1, 4.744],
  [2, 6.296],
  [3, 7.754],
  [4, 9.154],
  [5, 10.513],
  [10, 16.962],
] as const;

describe('the exposure needed to claim an MTBF', () => {
  for (const [failures, count] of upperCounts) {
    it(`is ${count} times the MTBF in all with ${failures} failures, at 95%`, () => {
      expect(exposureToClaim(100, failures, 0)).to.be.closeTo(100 * count, 0.051);
      expect(exposureToClaim(100, failures, 250)).to.be.closeTo(100 * count - 250, 0.051);
    });
  }

  it('at other levels of confidence is that of the tables without failures', () => {
    expect(exposureToClaim(1, 0, 0, 0.9)).to.be.closeTo(Math.LN10, 1e-9);
    expect(exposureToClaim(1, 0, 0, 0.6)).to.be.closeTo(0.916, 0.0005);
  });

  it('is none once there was enough', () => {
    expect(exposureToClaim(100, 0, 300)).to.equal(0);
    expect(exposureToClaim(100, 0, 1e6)).to.equal(0);
  });

  it('gives a claim that a driver with just that MTBF is granted once in 20 tests: exact Poisson sums', () => {
    for (const failures of [0, 1, 7, 40, 700]) {
      const mean = exposureToClaim(1, failures, 0);
      const granted = probabilityThat(poissonProbabilities(mean, 1_500), (k) => k <= failures);
      expect(granted, `${failures} failures`).to.be.closeTo(0.05, 1e-8);
    }
  });

  it('stays finite with a million failures', () => {
    expect(exposureToClaim(1e-6, 1_000_000, 0)).to.be.closeTo(1.00165, 0.0001);
    expect(exposureToClaim(1e6, 1_000_000, 1e6)).to.be.within(1.0016e12, 1.0017e12);
  });

  it('is refused for what is no MTBF, count, time or confidence', () => {
    expect(() => exposureToClaim(0, 0, 0)).to.throw(RangeError);
    expect(() => exposureToClaim(Number.NaN, 0, 0)).to.throw(RangeError);
    expect(() => exposureToClaim(Number.POSITIVE_INFINITY, 0, 0)).to.throw(RangeError);
    expect(() => exposureToClaim(1, -1, 0)).to.throw(RangeError);
    expect(() => exposureToClaim(1, 0, -1)).to.throw(RangeError);
    expect(() => exposureToClaim(1, 0, 0, 1)).to.throw(RangeError);
  });
});
