// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect } from 'chai';

/** One example: what R was asked, and what it said. */
interface Recorded {
  readonly args: readonly number[];
  /** The call as R was given it. */
  readonly call: string;
  /** Numbers as text: JSON has no infinity. */
  readonly result: readonly string[];
}

/** What `tests/unit/fixtures/stats-reference.R` recorded of R. */
export interface StatsReference {
  readonly versions: { readonly R: string; readonly survival: string };
  readonly chiSquare: readonly Recorded[];
  readonly mtbf: readonly Recorded[];
  readonly proportions: readonly Recorded[];
  readonly rates: readonly Recorded[];
  readonly trends: readonly (Omit<Recorded, 'args'> & {
    readonly args: number;
    readonly times: readonly number[];
  })[];
  readonly survivals: readonly (Omit<Recorded, 'args'> & {
    readonly time: readonly number[];
    readonly failed: readonly number[];
  })[];
}

/** Reads what R said. */
export function readStatsReference(): StatsReference {
  const url = new URL('../unit/fixtures/stats-reference.json', import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as StatsReference;
}

/** Argument `index` of an example; it fails without one. */
export function at(numbers: readonly number[], index: number): number {
  const value = numbers[index];
  if (value === undefined) throw new RangeError(`nothing at ${index} of ${numbers.length}`);
  return value;
}

/** Fails unless `actual` are R's numbers, each but for a share of `relative`. */
export function expectAsR(
  actual: readonly number[],
  { call, result }: Pick<Recorded, 'call' | 'result'>,
  relative: number,
): void {
  expect(actual.length, call).to.equal(result.length);
  for (const [index, value] of actual.entries()) {
    const expected = Number(result[index]);
    const what = `${call} [${index + 1}]: ${value}, R: ${expected}`;
    if (expected === 0 || !Number.isFinite(expected)) expect(value, what).to.deep.equal(expected);
    else expect(Math.abs(value / expected - 1), what).to.be.below(relative);
  }
}

/** Poisson probabilities of 0 to `most` events of the given mean, by recurrence from the likeliest. */
export function poissonProbabilities(mean: number, most: number): readonly number[] {
  const likeliest = Math.min(most, Math.floor(mean));
  const weights = new Array<number>(most + 1).fill(0);
  weights[likeliest] = 1;
  for (let k = likeliest; k > 0; k -= 1) weights[k - 1] = (at(weights, k) * k) / mean;
  for (let k = likeliest; k < most; k += 1) weights[k + 1] = (at(weights, k) * mean) / (k + 1);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Binomial probabilities of 0 to `trials` successes, by convolution of single trials. */
export function binomialProbabilities(trials: number, chance: number): readonly number[] {
  let row = [1];
  for (let trial = 0; trial < trials; trial += 1) {
    const before = row;
    row = Array.from(
      { length: before.length + 1 },
      (_, k) => (before[k] ?? 0) * (1 - chance) + (before[k - 1] ?? 0) * chance,
    );
  }
  return row;
}

/** Sum of the probabilities of those outcomes for which `holds`. */
export function probabilityThat(
  probabilities: readonly number[],
  holds: (outcome: number) => boolean,
): number {
  return probabilities.reduce((sum, p, outcome) => (holds(outcome) ? sum + p : sum), 0);
}
