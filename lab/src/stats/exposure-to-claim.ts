// SPDX-License-Identifier: Apache-2.0
import { checkCount, checkExposure, checkProbability } from './arguments.ts';
import { chiSquareQuantile } from './chi-square.ts';

/**
 * Exposure still needed, without a further failure, until an MTBF of at least `mtbf` can be claimed; 0 when it
 * can be now. Solves `2T / chi2(confidence; 2r + 2) >= mtbf` for T, the one-sided bound of a time-truncated test
 * (NIST/SEMATECH e-Handbook 8.4.5.1); `confidence` is one-sided, between 0 and 1. All times have one unit.
 * RangeError for what is no count, no exposure, no confidence, and for an MTBF that is not above 0.
 */
export function exposureToClaim(
  mtbf: number,
  failuresSoFar: number,
  exposureSoFar: number,
  confidence = 0.95,
): number {
  checkCount('failures', failuresSoFar);
  checkExposure('exposure', exposureSoFar);
  checkProbability('confidence', confidence);
  if (!(mtbf > 0 && Number.isFinite(mtbf))) throw new RangeError(`no MTBF: ${mtbf}`);
  const whole = (mtbf * chiSquareQuantile(confidence, 2 * failuresSoFar + 2)) / 2;
  return Math.max(0, whole - exposureSoFar);
}
