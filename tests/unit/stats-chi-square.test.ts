// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { chiSquareQuantile } from '../../lab/src/stats/chi-square.ts';
import { at, expectAsR, readStatsReference } from '../support/stats-reference.ts';

/** Of printed tables: [probability below, degrees, quantile]. */
const tabulated = [
  [0.95, 1, 3.841],
  [0.95, 2, 5.991],
  [0.975, 4, 11.143],
  [0.025, 10, 3.247],
  [0.95, 10, 18.307],
  [0.025, 100, 74.222],
  [0.975, 100, 129.561],
] as const;

describe('quantiles of chi-square', () => {
  it('are those of the printed tables', () => {
    for (const [p, degrees, quantile] of tabulated) {
      expect(chiSquareQuantile(p, degrees), `${p}, ${degrees}`).to.be.closeTo(quantile, 0.0005);
    }
  });

  it('are those of R, also with thousands of degrees', () => {
    for (const recorded of readStatsReference().chiSquare) {
      const quantile = chiSquareQuantile(at(recorded.args, 0), at(recorded.args, 1));
      expectAsR([quantile], recorded, 1e-9);
    }
  });

  it('have no jump where the expansion takes over', () => {
    for (const p of [0.001, 0.025, 0.5, 0.975, 0.999]) {
      const [a, b, c, d] = [996, 998, 1_000, 1_002].map((v) => chiSquareQuantile(p, v));
      const thirdDifference = (d ?? 0) - 3 * (c ?? 0) + 3 * (b ?? 0) - (a ?? 0);
      expect(Math.abs(thirdDifference), `${p}`).to.be.below(1e-6);
    }
  });
});
