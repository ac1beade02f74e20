// SPDX-License-Identifier: Apache-2.0

/** An estimate with its confidence interval. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  /** From 0 to 1. */
  readonly confidence: number;
}
