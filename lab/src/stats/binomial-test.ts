// SPDX-License-Identifier: Apache-2.0
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import pmf from '@stdlib/stats-base-dists-binomial-pmf';

/** Two outcomes whose probabilities differ by less are equally likely; rounding must not part them. As in R. */
const TOLERANCE = 1 + 1e-7;

/**
 * Two-sided p of the exact binomial test, from 0 to 1: the probability of all outcomes that are no likelier than
 * `successes` of `trials`, as R's `binom.test` sums them. `chance` is between 0 and 1, and best not above 1/2: of a number
 * near 1 the distance to 1, which counts, is not known well.
 */
export function binomialTestP(successes: number, trials: number, chance: number): number {
  const expected = trials * chance;
  if (successes === expected) return 1;
  const limit = pmf(successes, trials, chance) * TOLERANCE;
  const isUnlikely = (k: number) => pmf(k, trials, chance) <= limit;
  if (successes < expected) {
    const from = firstThat(isUnlikely, Math.ceil(expected), trials + 1);
    return Math.min(1, atMost(successes, trials, chance) + atLeast(from, trials, chance));
  }
  const below = firstThat((k) => !isUnlikely(k), 0, Math.floor(expected) + 1);
  return Math.min(1, atMost(below - 1, trials, chance) + atLeast(successes, trials, chance));
}

/** The first of `from` to `end` that is so when all after it are so, too; `end` when none before it is. */
function firstThat(isSo: (k: number) => boolean, from: number, end: number): number {
  let [low, high] = [from, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Probability of at most `k` successes, by the incomplete beta function (Abramowitz and Stegun 26.5.24). */
function atMost(k: number, trials: number, chance: number): number {
  if (k < 0) return 0;
  return k >= trials ? 1 : betaCdf(1 - chance, trials - k, k + 1);
}

/** Probability of at least `k` successes. */
function atLeast(k: number, trials: number, chance: number): number {
  if (k > trials) return 0;
  return k <= 0 ? 1 : betaCdf(chance, k, trials - k + 1);
}
