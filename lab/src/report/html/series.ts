// SPDX-License-Identifier: Apache-2.0
import type { CellReport } from '../campaign-report.ts';
import { driverName } from '../cell-name.ts';

/** How many looks the style sheet tells apart, by colour and dashes. */
const looks = 6;

/** The look of a cell in charts: the same for a driver all over the page. */
export function seriesOf(cells: readonly CellReport[]): (cell: CellReport) => number {
  const names = [...new Set(cells.map(({ cell }) => driverName(cell)))].sort();
  return ({ cell }) => Math.max(0, names.indexOf(driverName(cell))) % looks;
}
