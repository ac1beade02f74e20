// SPDX-License-Identifier: Apache-2.0

/** Whether failures come more often, or less, as a test goes on. */
export interface Trend {
  /** Laplace's U: standard normal under a constant rate; above 0 failures come late, the driver gets worse. */
  readonly u: number;
  /** Two-sided. */
  readonly p: number;
  readonly verdict: 'constant' | 'worsening' | 'improving';
}
