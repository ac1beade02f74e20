// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { estimateMtbf } from '../../lab/src/stats/mtbf.ts';

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
  });
});
