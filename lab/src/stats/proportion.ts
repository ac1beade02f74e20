// SPDX-License-Identifier: Apache-2.0
import betaQuantile from '@stdlib/stats-base-dists-beta-quantile';
import { checkCount, checkProbability } from './arguments.ts';
import type { Interval } from './interval.ts';

/**
 * Probability that a run fails, with its exact two-sided interval: Clopper and Pearson, Biometrika 26 (1934) 404.
 * The interval stays two-sided at 0 and at all failures, as in R's `binom.test`. `confidence` is between 0 and 1.
 * RangeError without a run, with more failures than runs, and for what is no count or no confidence.
 */
export function failureProbability(failures: number, runs: number, confidence = 0.95): Interval {
  checkCount('failures', failures);
  checkCount('runs', runs);
  checkProbability('confidence', confidence);
  if (runs === 0 || failures > runs) throw new RangeError(`${failures} failures of ${runs} runs`);
  const tail = (1 - confidence) / 2;
  return {
    estimate: failures / runs,
    lower: failures === 0 ? 0 : betaQuantile(tail, failures, runs - failures + 1),
    upper: failures === runs ? 1 : betaQuantile(1 - tail, failures + 1, runs - failures),
    confidence,
  };
}
