// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { laplaceTrend } from '../../lab/src/stats/trend.ts';
import { expectAsR, readStatsReference } from '../support/stats-reference.ts';

describe('the trend of failures over a test', () => {
  for (const recorded of readStatsReference().trends) {
    it(`is Laplace's U with its p: ${recorded.call}`, () => {
      const trend = laplaceTrend(recorded.times, recorded.args);
      expectAsR([trend?.u ?? Number.NaN, trend?.p ?? Number.NaN], recorded, 1e-9);
    });
  }

  it('is worsening when they come late, improving when they come early, in whatever order they are told', () => {
    expect(laplaceTrend([99, 80, 95, 90], 100)?.verdict).to.equal('worsening');
    expect(laplaceTrend([10, 1, 20, 5], 100)?.verdict).to.equal('improving');
    expect(laplaceTrend([25, 50, 75], 100)).to.include({ u: 0, p: 1, verdict: 'constant' });
  });

  it('is not known with fewer than three failures, or without exposure', () => {
    expect(laplaceTrend([], 100)).to.equal(null);
    expect(laplaceTrend([99, 100], 100)).to.equal(null);
    expect(laplaceTrend([98, 99, 100], 100)).not.to.equal(null);
    expect(laplaceTrend([0, 0, 0], 0)).to.equal(null);
  });

  it('is found where there is none in at most one of 20 tests with three failures', () => {
    // Three uniform times of mean m: P(sum <= s) = s^3 / 6 for s up to 1 (Irwin-Hall).
    const critical = sumAtWhichVerdictChanges();
    expect((2 * critical ** 3) / 6).to.be.within(0.04, 0.05);
  });

  it('is refused for failures outside the test', () => {
    expect(() => laplaceTrend([-1, 2, 3], 10)).to.throw(RangeError);
    expect(() => laplaceTrend([1, 2, 11], 10)).to.throw(RangeError);
    expect(() => laplaceTrend([1, Number.NaN, 3], 10)).to.throw(RangeError);
    expect(() => laplaceTrend([], Number.NaN)).to.throw(RangeError);
    expect(() => laplaceTrend([], Number.POSITIVE_INFINITY)).to.throw(RangeError);
  });
});

/** The largest sum of three times in a test of length 1 that is called improving. */
function sumAtWhichVerdictChanges(): number {
  let [improving, constant] = [0, 1.5];
  while (constant - improving > 1e-9) {
    const middle = (improving + constant) / 2;
    const time = middle / 3;
    if (laplaceTrend([time, time, time], 1)?.verdict === 'improving') improving = middle;
    else constant = middle;
  }
  return improving;
}
