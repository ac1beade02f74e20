// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { failureProbability } from '../../lab/src/stats/proportion.ts';
import {
  at,
  binomialProbabilities,
  expectAsR,
  probabilityThat,
  readStatsReference,
} from '../support/stats-reference.ts';

/** Two-sided 95%, to three digits: [failures, runs, lower, upper]. */
const tabulated = [
  [3, 3, 0.292, 1],
  [3, 10, 0.067, 0.652],
  [2, 5, 0.053, 0.853],
  [10, 10, 0.692, 1],
  [20, 20, 0.832, 1],
  [0, 10, 0, 0.308],
  [0, 20, 0, 0.168],
  [0, 30, 0, 0.116],
] as const;

describe('the probability that a run fails', () => {
  for (const [failures, runs, lower, upper] of tabulated) {
    it(`has the Clopper-Pearson interval of the tables with ${failures} failures of ${runs} runs`, () => {
      const interval = failureProbability(failures, runs);
      expect(interval.estimate).to.equal(failures / runs);
      expect(interval.confidence).to.equal(0.95);
      expect(interval.lower).to.be.closeTo(lower, 0.0005);
      expect(interval.upper).to.be.closeTo(upper, 0.0005);
    });
  }

  for (const recorded of readStatsReference().proportions) {
    it(`has the interval that R says: ${recorded.call}`, () => {
      const [failures, runs, confidence] = [0, 1, 2].map((index) => at(recorded.args, index));
      const { lower, upper } = failureProbability(failures ?? 0, runs ?? 0, confidence);
      expectAsR([lower, upper], recorded, 1e-10);
    });
  }

  it('mirrors when failures and passes change places', () => {
    for (let failures = 0; failures <= 13; failures += 1) {
      const [one, other] = [
        failureProbability(failures, 13),
        failureProbability(13 - failures, 13),
      ];
      expect(one.lower).to.be.closeTo(1 - other.upper, 1e-12);
    }
  });

  for (const [runs, confidence] of [
    [20, 0.95],
    [7, 0.8],
  ] as const) {
    it(`is in its interval as often as the interval claims, whatever it is: all outcomes of ${runs} runs`, () => {
      for (let chance = 0.005; chance < 1; chance += 0.005) {
        const covered = probabilityThat(binomialProbabilities(runs, chance), (failures) => {
          const { lower, upper } = failureProbability(failures, runs, confidence);
          return lower <= chance && chance <= upper;
        });
        expect(covered, `p = ${chance}`).to.be.at.least(confidence - 1e-9);
      }
    });
  }

  it('does not exist without a run, nor for what is no count', () => {
    for (const [failures, runs, confidence] of [
      [0, 0, 0.95],
      [2, 1, 0.95],
      [-1, 3, 0.95],
      [1, 2.5, 0.95],
      [Number.NaN, 3, 0.95],
      [1, 3, 1],
      [1, 3, Number.NaN],
    ] as const) {
      expect(() => failureProbability(failures, runs, confidence)).to.throw(RangeError);
    }
  });
});
