// SPDX-License-Identifier: Apache-2.0
import { checkCount, checkExposure, checkProbability } from './arguments.ts';
import { binomialTestP } from './binomial-test.ts';
import type { Interval } from './interval.ts';
import { failureProbability } from './proportion.ts';

/** Failures of one cell and the time it was under test. */
export interface RateObservation {
  readonly failures: number;
  readonly exposure: number;
}

/** Two failure rates compared by the exact conditional test. */
export interface RateComparison {
  readonly a: RateObservation;
  readonly b: RateObservation;
  /** Rate of `a` by rate of `b`; `upper` is Infinity and `estimate` may be NaN or Infinity where `b` had no failure. */
  readonly ratio: Interval;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Compares two failure rates given all failures of both: those of `a` are binomial with its share of the exposure when
 * the rates are equal. Przyborowski and Wilenski, Biometrika 31 (1940) 313; p and interval as R's `poisson.test` has them.
 *
 * The two exposures have one unit; `confidence` is between 0 and 1. Without any failure, and when one of the two has no exposure,
 * nothing is known: NaN from 0 to Infinity, p = 1. RangeError for what is no count, no exposure or no confidence.
 */
export function compareRates(
  a: RateObservation,
  b: RateObservation,
  confidence = 0.95,
): RateComparison {
  checkProbability('confidence', confidence);
  for (const { failures, exposure } of [a, b]) {
    checkCount('failures', failures);
    checkExposure('exposure', exposure);
  }
  const isKnown = a.exposure > 0 && b.exposure > 0 && a.failures + b.failures > 0;
  return {
    a: { failures: a.failures, exposure: a.exposure },
    b: { failures: b.failures, exposure: b.exposure },
    ratio: isKnown
      ? ratioOf(a, b, confidence)
      : { estimate: Number.NaN, lower: 0, upper: Number.POSITIVE_INFINITY, confidence },
    p: isKnown ? conditionalP(a, b) : 1,
  };
}

/** The interval of the share of failures that are of `a`, as one of the ratio. */
function ratioOf(a: RateObservation, b: RateObservation, confidence: number): Interval {
  const share = failureProbability(a.failures, a.failures + b.failures, confidence);
  const ratioAt = (p: number) => (p / (1 - p)) * (b.exposure / a.exposure);
  return {
    estimate: (a.failures / b.failures) * (b.exposure / a.exposure),
    lower: ratioAt(share.lower),
    upper: ratioAt(share.upper),
    confidence,
  };
}

/** Asked of the one with less exposure, so that its share is not near 1. */
function conditionalP(a: RateObservation, b: RateObservation): number {
  const less = a.exposure < b.exposure ? a : b;
  const share = less.exposure / (a.exposure + b.exposure);
  return binomialTestP(less.failures, a.failures + b.failures, share);
}
