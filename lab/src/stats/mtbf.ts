// SPDX-License-Identifier: Apache-2.0
import { checkCount, checkExposure, checkProbability } from './arguments.ts';
import { chiSquareQuantile } from './chi-square.ts';

/** Mean time between failures in the unit of the exposure; `null` where the figure does not exist. */
export interface Mtbf {
  readonly failures: number;
  readonly exposure: number;
  /** Exposure per failure; `null` with zero failures. */
  readonly estimate: number | null;
  /**
   * With failures: lower end of the two-sided interval. With none: the one-sided lower bound at the
   * same confidence. `null` with no exposure, which bounds nothing.
   */
  readonly lower: number | null;
  /** Upper end of the two-sided interval; `null` with zero failures: nothing bounds it from above. */
  readonly upper: number | null;
}

/**
 * MTBF of a time-truncated test with a constant failure rate, with its exact (chi-square) interval: Epstein and
 * Sobel 1953; NIST/SEMATECH e-Handbook 8.4.5.1. `confidence` is between 0 and 1. RangeError for what is no count,
 * no exposure or no confidence.
 *
 * The bound of zero failures is one-sided, so tighter than the limit of a two-sided interval: taken together, 95% intervals
 * hold the MTBF in 93.8% of tests at least, and in less than 95% only of tests of 3.0 to 3.7 MTBFs.
 */
export function estimateMtbf(failures: number, exposure: number, confidence = 0.95): Mtbf {
  checkCount('failures', failures);
  checkExposure('exposure', exposure);
  checkProbability('confidence', confidence);
  if (failures === 0) {
    const lower = exposure === 0 ? null : (2 * exposure) / chiSquareQuantile(confidence, 2);
    return { failures, exposure, estimate: null, lower, upper: null };
  }
  if (exposure === 0) {
    return { failures, exposure, estimate: null, lower: null, upper: null };
  }
  const tail = (1 - confidence) / 2;
  return {
    failures,
    exposure,
    estimate: exposure / failures,
    lower: (2 * exposure) / chiSquareQuantile(1 - tail, 2 * failures + 2),
    upper: (2 * exposure) / chiSquareQuantile(tail, 2 * failures),
  };
}
