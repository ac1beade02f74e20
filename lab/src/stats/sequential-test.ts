// SPDX-License-Identifier: Apache-2.0
import { checkCount, checkExposure, checkProbability } from './arguments.ts';

/** What a sequential test says so far. */
export type SequentialDecision =
  | { readonly kind: 'accept' }
  | { readonly kind: 'reject' }
  /** Not decided; accepted after `acceptAfter` more units of exposure without a failure. */
  | { readonly kind: 'go-on'; readonly acceptAfter: number };

/** What a sequential test decides between, and how often it may err. */
export interface SequentialPlan {
  /** The MTBF that is good. */
  readonly mtbf: number;
  /** The MTBF that is not, below the good one. */
  readonly insteadOf: number;
  /** Chance, about, to reject a driver with the good MTBF. */
  readonly alpha: number;
  /** Chance, about, to accept one with the other. */
  readonly beta: number;
}

/**
 * Wald's sequential probability ratio test of an exponential MTBF, untruncated: Wald 1947; Epstein and Sobel, Ann. Math. Stat. 26
 * (1955) 82; MIL-HDBK-781A. It may be asked as often as one likes, best after each run; the first answer that is not
 * `go-on` is the answer.
 *
 * All times have one unit. RangeError for what is no count or no exposure, unless 0 < insteadOf < mtbf, both chances are
 * above 0 and their sum is below 1.
 */
export function sequentialTest(
  plan: SequentialPlan,
  failures: number,
  exposure: number,
): SequentialDecision {
  checkPlan(plan);
  checkCount('failures', failures);
  checkExposure('exposure', exposure);
  const { acceptAt, rejectAt } = boundaries(plan, failures);
  if (exposure >= acceptAt) return { kind: 'accept' };
  if (exposure <= rejectAt) return { kind: 'reject' };
  return { kind: 'go-on', acceptAfter: acceptAt - exposure };
}

/** Exposures from which on, and up to which, so many failures decide. */
function boundaries(plan: SequentialPlan, failures: number) {
  const slowdown = 1 / plan.insteadOf - 1 / plan.mtbf;
  const perFailure = Math.log(plan.mtbf / plan.insteadOf) / slowdown;
  return {
    acceptAt: -Math.log(plan.beta / (1 - plan.alpha)) / slowdown + failures * perFailure,
    rejectAt: -Math.log((1 - plan.beta) / plan.alpha) / slowdown + failures * perFailure,
  };
}

function checkPlan({ mtbf, insteadOf, alpha, beta }: SequentialPlan): void {
  checkProbability('alpha', alpha);
  checkProbability('beta', beta);
  if (alpha + beta >= 1) throw new RangeError(`alpha + beta: ${alpha + beta} is not below 1`);
  if (!(insteadOf > 0 && insteadOf < mtbf && Number.isFinite(mtbf))) {
    throw new RangeError(`nothing to decide between an MTBF of ${mtbf} and one of ${insteadOf}`);
  }
}
