// SPDX-License-Identifier: Apache-2.0
import { addTallies, emptyTally } from '../fault-tally.ts';
import { exposureToClaim } from '../stats/exposure-to-claim.ts';
import { estimateMtbf } from '../stats/mtbf.ts';
import { failureProbability } from '../stats/proportion.ts';
import { sequentialTest } from '../stats/sequential-test.ts';
import { survivalCurve } from '../stats/survival.ts';
import { laplaceTrend } from '../stats/trend.ts';
import type { StoredRun } from '../store/result-store.ts';
import type { Outcome, PooledCell } from '../verdict.ts';
import type { CellReport } from './campaign-report.ts';
import { cellKey, pooledCell } from './cell-name.ts';
import { earlier } from './crash-groups.ts';

const hourMs = 3_600_000;

/** What a campaign is to show of each of its cells. Hours are virtual, `alpha` and `beta` risks of a wrong decision. */
export interface CampaignGoal {
  readonly mtbfHours: number;
  /** The MTBF that must not pass for it. */
  readonly insteadOfHours: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Runs that may be pooled, by their end. */
export interface PooledRuns {
  readonly cell: PooledCell;
  readonly runs: readonly StoredRun[];
}

/** Runs by cell, in the order of the cells' names. */
export function poolRuns(runs: readonly StoredRun[]): readonly PooledRuns[] {
  const pools = new Map<string, { cell: PooledCell; runs: StoredRun[] }>();
  for (const run of runs) {
    const cell = pooledCell(run.cell);
    const key = cellKey(cell);
    const pool = pools.get(key);
    if (pool === undefined) pools.set(key, { cell, runs: [run] });
    else pool.runs.push(run);
  }
  const sorted = [...pools].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pool]) => pool);
  for (const pool of sorted) pool.runs.sort(earlier);
  return sorted;
}

/** A run during which the driver was under test. */
export function isExposed({ outcome }: StoredRun): boolean {
  return outcome === 'PASS' || outcome === 'FAIL';
}

/** What the runs of one cell say; `titleOf` is the title of a failed run's group. */
export function reportCell(
  { cell, runs }: PooledRuns,
  titleOf: (run: StoredRun) => string,
  goal: CampaignGoal | null,
): CellReport {
  const exposed = runs.filter(isExposed);
  const failed = exposed.filter(({ outcome }) => outcome === 'FAIL');
  const virtual = hours(exposed, ({ virtualMs }) => virtualMs);
  return {
    cell,
    workloads: [...new Set(runs.map(({ cell: { workload } }) => workload))].sort(),
    runs: countOutcomes(runs),
    exposureHours: { wall: hours(exposed, ({ wallMs }) => wallMs), virtual },
    faults: exposed.reduce((sum, { faults }) => addTallies(sum, faults), emptyTally),
    failures: countTitles(failed.map(titleOf)),
    mtbf: estimateMtbf(failed.length, virtual),
    failureProbability:
      exposed.length === 0 ? null : failureProbability(failed.length, exposed.length),
    trend: laplaceTrend(failureTimes(exposed), virtual),
    survival: survivalCurve(
      exposed.map(({ virtualMs, outcome }) => ({
        time: virtualMs / hourMs,
        failed: outcome === 'FAIL',
      })),
    ),
    goal: goal === null ? null : goalOf(goal, failed.length, virtual),
  };
}

/** Hours of runs. */
function hours(runs: readonly StoredRun[], msOf: (run: StoredRun) => number): number {
  return runs.reduce((sum, run) => sum + msOf(run), 0) / hourMs;
}

/** Hours of the cell's time at each failure: its runs one after the other, as they ended. */
function failureTimes(exposed: readonly StoredRun[]): readonly number[] {
  const times: number[] = [];
  let ms = 0;
  for (const { virtualMs, outcome } of exposed) {
    ms += virtualMs;
    if (outcome === 'FAIL') times.push(ms / hourMs);
  }
  return times;
}

function countOutcomes(runs: readonly StoredRun[]): Record<Outcome, number> {
  const counts = { PASS: 0, FAIL: 0, ERROR: 0, MISS: 0 };
  for (const { outcome } of runs) counts[outcome] += 1;
  return counts;
}

function countTitles(titles: readonly string[]): CellReport['failures'] {
  const counts = new Map<string, number>();
  for (const title of titles) counts.set(title, (counts.get(title) ?? 0) + 1);
  return [...counts]
    .map(([title, count]) => ({ title, count }))
    .sort((a, b) => b.count - a.count || (a.title < b.title ? -1 : 1));
}

function goalOf(goal: CampaignGoal, failures: number, exposure: number): CellReport['goal'] {
  const { mtbfHours, insteadOfHours, alpha, beta } = goal;
  const plan = { mtbf: mtbfHours, insteadOf: insteadOfHours, alpha, beta };
  return {
    mtbfHours,
    insteadOfHours,
    decision: sequentialTest(plan, failures, exposure),
    hoursNeeded: exposureToClaim(mtbfHours, failures, exposure),
  };
}
