// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { compareRates } from '../../lab/src/stats/rate-comparison.ts';
import {
  at,
  expectAsR,
  poissonProbabilities,
  probabilityThat,
  readStatsReference,
} from '../support/stats-reference.ts';

const observed = (failures: number, exposure: number) => ({ failures, exposure });

describe('two failure rates', () => {
  for (const recorded of readStatsReference().rates) {
    it(`compare as in R: ${recorded.call}`, () => {
      const [a, timeA, b, timeB] = [0, 1, 2, 3].map((index) => at(recorded.args, index));
      const { p, ratio } = compareRates(observed(a ?? 0, timeA ?? 0), observed(b ?? 0, timeB ?? 0));
      expectAsR([p, ratio.estimate, ratio.lower, ratio.upper], recorded, 1e-8);
    });
  }

  it('with the same exposure differ from 6 failures to none on, not with 5', () => {
    expect(compareRates(observed(3, 50), observed(0, 50)).p).to.be.closeTo(0.25, 1e-12);
    expect(compareRates(observed(5, 50), observed(0, 50)).p).to.be.closeTo(2 * 0.5 ** 5, 1e-12);
    expect(compareRates(observed(6, 50), observed(0, 50)).p).to.be.closeTo(2 * 0.5 ** 6, 1e-12);
  });

  it('say the same when they change places', () => {
    for (const [a, b] of [
      [observed(11, 800), observed(23, 3_011)],
      [observed(1, 1e-6), observed(4, 1e6)],
      [observed(5, 3), observed(2, 3)],
    ] as const) {
      const [one, other] = [compareRates(a, b), compareRates(b, a)];
      expect(one.p / other.p).to.be.closeTo(1, 1e-12);
      expect(one.ratio.lower * other.ratio.upper).to.be.closeTo(1, 1e-3);
      expect(one.ratio.estimate * other.ratio.estimate).to.be.closeTo(1, 1e-12);
    }
  });

  it('have no known ratio when nothing failed, or one was never tested', () => {
    for (const [a, b] of [
      [observed(0, 10), observed(0, 20)],
      [observed(0, 0), observed(4, 20)],
      [observed(4, 20), observed(0, 0)],
      [observed(1, 0), observed(4, 20)],
    ] as const) {
      const { ratio, p } = compareRates(a, b);
      expect(p).to.equal(1);
      expect(ratio.estimate).to.deep.equal(Number.NaN);
      expect([ratio.lower, ratio.upper]).to.deep.equal([0, Number.POSITIVE_INFINITY]);
    }
  });

  it('with failures on one side only are bounded on one side only', () => {
    const worse = compareRates(observed(8, 10), observed(0, 10)).ratio;
    expect(worse.estimate).to.equal(Number.POSITIVE_INFINITY);
    expect(worse.upper).to.equal(Number.POSITIVE_INFINITY);
    expect(worse.lower).to.be.above(1);
    const better = compareRates(observed(0, 10), observed(8, 10)).ratio;
    expect([better.estimate, better.lower]).to.deep.equal([0, 0]);
    expect(better.upper).to.be.below(1);
  });

  for (const [timeA, timeB] of [
    [1, 1],
    [1, 3],
    [7, 2],
  ] as const) {
    it(`that are equal are called different at most once in 20 times, with exposures ${timeA} to ${timeB}: exact Poisson sums`, () => {
      for (const rate of [0.2, 1, 2.5, 6]) {
        const [pa, pb] = [timeA, timeB].map((time) => poissonProbabilities(rate * time, 90));
        const size = probabilityThat(pa ?? [], () => true);
        expect(size).to.be.closeTo(1, 1e-12);
        let wrong = 0;
        for (const [a, chanceA] of (pa ?? []).entries()) {
          for (const [b, chanceB] of (pb ?? []).entries()) {
            if (chanceA * chanceB < 1e-12) continue;
            if (compareRates(observed(a, timeA), observed(b, timeB)).p < 0.05) {
              wrong += chanceA * chanceB;
            }
          }
        }
        expect(wrong, `rate ${rate}`).to.be.below(0.05);
        expect(wrong, `rate ${rate}`).to.be.above(rate < 2 ? 0 : 0.005);
      }
    });
  }

  it('of a million failures are compared in no time', () => {
    const started = performance.now();
    compareRates(observed(1_000_000, 3), observed(999_000, 3.01));
    expect(performance.now() - started).to.be.below(1_000);
  });

  it('are refused when they are no counts or no times', () => {
    const good = observed(1, 1);
    for (const bad of [
      observed(-1, 1),
      observed(0.5, 1),
      observed(1, -1),
      observed(1, Number.NaN),
      observed(1, Number.POSITIVE_INFINITY),
    ]) {
      expect(() => compareRates(bad, good)).to.throw(RangeError);
      expect(() => compareRates(good, bad)).to.throw(RangeError);
    }
    expect(() => compareRates(good, good, 1)).to.throw(RangeError);
  });
});
