// SPDX-License-Identifier: Apache-2.0
import quantile from '@stdlib/stats-base-dists-chisquare-quantile';

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
 * MTBF of a time-truncated test with a constant failure rate, with its exact (chi-square)
 * interval. `confidence` is from 0 to 1.
 */
export function estimateMtbf(failures: number, exposure: number, confidence = 0.95): Mtbf {
  if (!Number.isInteger(failures) || failures < 0 || !(exposure >= 0)) {
    throw new RangeError(`no MTBF of ${failures} failures in ${exposure}`);
  }
  if (failures === 0) {
    const lower = exposure === 0 ? null : (2 * exposure) / quantile(confidence, 2);
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
    lower: (2 * exposure) / quantile(1 - tail, 2 * failures + 2),
    upper: (2 * exposure) / quantile(tail, 2 * failures),
  };
}
