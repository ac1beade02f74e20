// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { estimateMtbf } from '../../lab/src/stats/mtbf.ts';
import {
  at,
  expectAsR,
  poissonProbabilities,
  probabilityThat,
  readStatsReference,
} from '../support/stats-reference.ts';

/** Exact Poisson bounds on the expected number of failures, two-sided 95%: [failures, lower, upper]. */
const poissonBounds = [
  [1, 0.025, 5.572],
  [2, 0.242, 7.225],
  [3, 0.619, 8.767],
  [5, 1.623, 11.668],
  [10, 4.795, 18.39],
] as const;

describe('MTBF of a time-truncated test', () => {
  for (const [failures, low, high] of poissonBounds) {
    it(`has the published two-sided 95% interval with ${failures} failures`, () => {
      const mtbf = estimateMtbf(failures, 1_000);
      expect(mtbf.estimate).to.be.closeTo(1_000 / failures, 1e-9);
      expect(1_000 / (mtbf.lower ?? 0)).to.be.closeTo(high, 0.0006);
      expect(1_000 / (mtbf.upper ?? 0)).to.be.closeTo(low, 0.0006);
    });
  }

  it('is only bounded from below with zero failures, by T / 2.996 at 95%', () => {
    const mtbf = estimateMtbf(0, 299.6);
    expect(mtbf.estimate).to.equal(null);
    expect(mtbf.upper).to.equal(null);
    expect(mtbf.lower).to.be.closeTo(100, 0.02);
  });

  it('has the published zero-failure bounds at 90% and 60%', () => {
    expect(estimateMtbf(0, 230.3, 0.9).lower).to.be.closeTo(100, 0.1);
    expect(estimateMtbf(0, 0.916, 0.6).lower).to.be.closeTo(1, 0.001);
  });

  it('bounds nothing without exposure', () => {
    expect(estimateMtbf(0, 0)).to.include({ estimate: null, lower: null, upper: null });
    expect(estimateMtbf(1, 0)).to.include({ estimate: null, lower: null, upper: null });
  });

  it('never gives an infinite figure', () => {
    for (const failures of [0, 1, 7]) {
      for (const figure of Object.values(estimateMtbf(failures, 0.001))) {
        expect(figure === null || Number.isFinite(figure)).to.equal(true);
      }
    }
  });

  it('refuses numbers that are no count and no time', () => {
    expect(() => estimateMtbf(-1, 1)).to.throw(RangeError);
    expect(() => estimateMtbf(1.5, 1)).to.throw(RangeError);
    expect(() => estimateMtbf(1, Number.NaN)).to.throw(RangeError);
    expect(() => estimateMtbf(1, Number.POSITIVE_INFINITY)).to.throw(RangeError);
    expect(() => estimateMtbf(1, 1, 0)).to.throw(RangeError);
    expect(() => estimateMtbf(1, 1, 95)).to.throw(RangeError);
  });

  for (const recorded of readStatsReference().mtbf) {
    it(`has the interval that R says: ${recorded.call}`, () => {
      const mtbf = estimateMtbf(at(recorded.args, 0), at(recorded.args, 1));
      expectAsR([mtbf.lower ?? Number.NaN, mtbf.upper ?? Number.NaN], recorded, 1e-8);
    });
  }

  it('keeps its order and its scale from no failure to a million, from a microhour to a million hours', () => {
    for (const failures of [1, 10, 499, 500, 1_000, 1_000_000]) {
      const { estimate, lower, upper } = estimateMtbf(failures, 1);
      expect(lower).to.be.below(estimate ?? 0);
      expect(upper).to.be.above(estimate ?? 0);
      for (const exposure of [1e-6, 1e6]) {
        expect((estimateMtbf(failures, exposure).lower ?? 0) / exposure).to.be.closeTo(
          lower ?? 0,
          1e-12 * (lower ?? 0),
        );
      }
    }
  });

  it('is in its interval 19 times of 20, but for 3.0 to 3.7 expected failures, where it is 93.8%: exact Poisson sums', () => {
    for (let expected = 0.05; expected < 60; expected += 0.07) {
      // Between the one-sided and the two-sided bound of zero failures: the tighter one is given.
      const isBetween = expected > 2.995 && expected < 3.69;
      const covered = probabilityThat(poissonProbabilities(expected, 200), (failures) => {
        const { lower, upper } = estimateMtbf(failures, expected);
        return (lower ?? 0) <= 1 && 1 <= (upper ?? Number.POSITIVE_INFINITY);
      });
      expect(covered, `${expected} failures expected`).to.be.at.least(
        isBetween ? 0.938 : 0.95 - 1e-9,
      );
    }
  });
});
