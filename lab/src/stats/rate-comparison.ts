// SPDX-License-Identifier: Apache-2.0
import type { Interval } from './interval.ts';

/** Two failure rates compared by the exact conditional test. */
export interface RateComparison {
  readonly a: { readonly failures: number; readonly exposure: number };
  readonly b: { readonly failures: number; readonly exposure: number };
  /** Rate of `a` by rate of `b`; `upper` is Infinity and `estimate` may be NaN or Infinity where `b` had no failure. */
  readonly ratio: Interval;
  /** Two-sided. */
  readonly p: number;
}
