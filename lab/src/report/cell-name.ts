// SPDX-License-Identifier: Apache-2.0
import type { Cell, PooledCell } from '../verdict.ts';

/** What a run's results are pooled with. */
export function pooledCell(cell: Cell): PooledCell {
  const { target, driver, defect, kernel, mode, accel, profile } = cell;
  return { target, driver, defect, kernel, mode, accel, profile };
}

/** The same text for the same cell, and for no other. */
export function cellKey(cell: PooledCell): string {
  const { target, driver, defect, kernel, mode, accel, profile } = cell;
  return JSON.stringify([target, driver, defect, kernel, mode, accel, profile]);
}

/** The driver of a cell, and the defect that was built into it. */
export function driverName({ driver, defect }: PooledCell): string {
  return defect === null ? driver : `${driver} with ${defect}`;
}

/** What drivers of a cell are run in; cells that share it can be compared. */
export function conditions({ target, kernel, mode, accel, profile }: PooledCell): string {
  return `${target}, ${kernel} kernel, ${mode === 'sim' ? 'simulated' : `${mode} on ${accel}`}, ${profile} faults`;
}

/** A cell in words. */
export function cellName(cell: PooledCell): string {
  return `${driverName(cell)} (${conditions(cell)})`;
}
