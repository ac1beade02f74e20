// SPDX-License-Identifier: Apache-2.0
import type { PooledCell, Verdict } from '../verdict.ts';

type Crashed = Pick<Verdict, 'canary' | 'crashes'> & { readonly cell: PooledCell };

/** Knows which crashes of a campaign are the first of their title and cell. */
export class FirstCrashes {
  readonly #seen = new Set<string>();

  constructor(earlier: readonly Crashed[]) {
    for (const run of earlier) this.isFirst(run);
  }

  /** Whether a run is the first to crash so; the canary's are not looked at. */
  isFirst({ canary, cell, crashes: [first] }: Crashed): boolean {
    if (canary || first === undefined) return false;
    const { driver, defect, kernel, mode } = cell;
    const key = JSON.stringify([driver, defect, kernel, mode, first.title]);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}
