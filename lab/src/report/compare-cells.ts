// SPDX-License-Identifier: Apache-2.0
import { compareRates } from '../stats/rate-comparison.ts';
import type { PooledCell } from '../verdict.ts';
import type { CampaignDifference, CellComparison, CellReport } from './campaign-report.ts';
import { cellKey } from './cell-name.ts';
import { commonestTitle, type GroupedCrashes } from './crash-groups.ts';

/** Each pair of cells that differ in nothing but the driver and were both tested, in the order of the cells. */
export function compareCells(cells: readonly CellReport[]): readonly CellComparison[] {
  const tested = cells.filter(({ exposureHours }) => exposureHours.virtual > 0);
  return tested.flatMap((a, index) =>
    tested
      .slice(index + 1)
      .filter((b) => surroundings(a.cell) === surroundings(b.cell))
      .map((b) => ({
        a: a.cell,
        b: b.cell,
        comparison: compareRates(rateOf(a), rateOf(b)),
      })),
  );
}

/** Bugs against those of the campaign before: a bug is the same that shares a name. */
export function differenceOf(
  previous: CampaignDifference['previous'],
  now: readonly GroupedCrashes[],
  before: readonly GroupedCrashes[],
): CampaignDifference {
  const known = new Set(before.flatMap(({ names }) => [...names]));
  const present = new Set(now.flatMap(({ names }) => [...names]));
  const isAmong = (names: ReadonlySet<string>, group: GroupedCrashes) =>
    [...group.names].some((name) => names.has(name));
  const titles = (groups: readonly GroupedCrashes[]) => groups.map(commonestTitle);
  return {
    previous,
    appeared: titles(now.filter((group) => !isAmong(known, group))),
    still: titles(now.filter((group) => isAmong(known, group))),
    gone: titles(before.filter((group) => !isAmong(present, group))),
  };
}

function surroundings(cell: PooledCell): string {
  return cellKey({ ...cell, driver: '' });
}

function rateOf({ mtbf }: CellReport): { readonly failures: number; readonly exposure: number } {
  return { failures: mtbf.failures, exposure: mtbf.exposure };
}
