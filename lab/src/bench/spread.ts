// SPDX-License-Identifier: Apache-2.0

/** What several measurements of the same thing say. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

/** Median, smallest and largest of at least one measurement; RangeError when there is none. */
export function spreadOf(samples: readonly number[]): Spread {
  return {
    median: percentile(samples, 50),
    min: percentile(samples, 0),
    max: percentile(samples, 100),
    samples,
  };
}

/** The smallest sample that at least `percent` of all do not exceed; of two middle ones, their mean. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (percent / 100) * sorted.length;
  const upper = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(rank) - 1))];
  if (upper === undefined) throw new RangeError('no sample, so no percentile');
  const next = sorted[rank];
  const isBetween = percent === 50 && Number.isInteger(rank) && next !== undefined;
  return isBetween ? (upper + next) / 2 : upper;
}
