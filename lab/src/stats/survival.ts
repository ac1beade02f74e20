// SPDX-License-Identifier: Apache-2.0

/** One step of a Kaplan-Meier curve: from `time` on `survival` holds. */
export interface SurvivalStep {
  readonly time: number;
  readonly survival: number;
  /** Pointwise, log-log with Greenwood's variance. */
  readonly lower: number;
  readonly upper: number;
  readonly atRisk: number;
  readonly failures: number;
  /** Censored from the step before it until this one. */
  readonly censored: number;
}

/** A Kaplan-Meier curve; begins at 1, with no step before the first failure. */
export interface SurvivalCurve {
  readonly steps: readonly SurvivalStep[];
  /** Last time anything was observed. */
  readonly until: number;
  readonly subjects: number;
}
