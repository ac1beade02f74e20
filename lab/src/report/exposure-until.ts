// SPDX-License-Identifier: Apache-2.0
import type { StoredRun } from '../store/result-store.ts';
import type { PooledCell } from '../verdict.ts';
import { cellKey } from './cell-name.ts';
import { isExposed, poolRuns } from './report-cells.ts';

const hourMs = 3_600_000;

/** The time that cells had been tested at some moment. */
export class ExposureUntil {
  readonly #cells: ReadonlyMap<
    string,
    readonly { readonly endedAt: string; readonly ms: number }[]
  >;

  constructor(runs: readonly StoredRun[]) {
    const pools = poolRuns(runs.filter(isExposed));
    this.#cells = new Map(
      pools.map(({ cell, runs: ended }) => {
        let ms = 0;
        const sums = ended.map(({ endedAt, virtualMs }) => {
          ms += virtualMs;
          return { endedAt, ms };
        });
        return [cellKey(cell), sums];
      }),
    );
  }

  /** Virtual hours of some cells in runs that had ended then, or ended at that moment. */
  hours(cells: readonly PooledCell[], moment: string): number {
    return cells.reduce((sum, cell) => sum + this.#ms(cellKey(cell), moment), 0) / hourMs;
  }

  #ms(key: string, moment: string): number {
    const sums = this.#cells.get(key) ?? [];
    let low = 0;
    let high = sums.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle]?.endedAt ?? '') <= moment) low = middle + 1;
      else high = middle;
    }
    return sums[low - 1]?.ms ?? 0;
  }
}
