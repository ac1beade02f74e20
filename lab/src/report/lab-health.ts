// SPDX-License-Identifier: Apache-2.0
import type { CampaignRecord } from '../campaign-record.ts';
import { deadFaultTypes } from '../fault-tally.ts';
import type { StoredRun } from '../store/result-store.ts';
import type { CellReport, LabHealth } from './campaign-report.ts';
import { pooledCell } from './cell-name.ts';
import { commonestTitle, earlier, groupCrashes } from './crash-groups.ts';
import { printable } from './well-formed.ts';

/** What health is judged by. */
export interface HealthEvidence {
  readonly record: CampaignRecord | null;
  /** All runs of the campaign, its canary's too. */
  readonly runs: readonly StoredRun[];
  readonly cells: readonly CellReport[];
  /** Runs that were lost with their harness. */
  readonly lost: number;
}

const mostTroubles = 200;
const mostReason = 500;

/** Whether the lab itself can be trusted. */
export function labHealth({ record, runs, cells, lost }: HealthEvidence): LabHealth {
  const subjects = runs.filter(({ canary }) => !canary);
  const dead = cells.map(({ cell, faults }) => ({ cell, types: deadFaultTypes(faults) }));
  return {
    canary: canaryOf(record, runs),
    deadFaults: dead.filter(({ types }) => types.length > 0),
    lost,
    retried: countRetried(subjects),
    troubles: troublesOf(subjects),
    startMs: startTimes(runs),
  };
}

/** A canary that never flew has not been caught. */
function canaryOf(record: CampaignRecord | null, runs: readonly StoredRun[]): LabHealth['canary'] {
  const flown = runs.filter(({ canary }) => canary);
  const [first] = flown;
  const cell = first === undefined ? record?.canary?.cell : pooledCell(first.cell);
  if (cell === undefined) return null;
  const [caught] = groupCrashes(flown);
  const title = caught === undefined ? null : printable(commonestTitle(caught));
  return { cell, caught: caught !== undefined, title, runs: flown.length };
}

function countRetried(runs: readonly StoredRun[]): number {
  const missed = new Set(
    runs.filter(({ outcome, attempt }) => outcome === 'MISS' && attempt === 0).map(cycleOf),
  );
  const well = runs.filter(
    (run) =>
      run.attempt > 0 &&
      (run.outcome === 'PASS' || run.outcome === 'FAIL') &&
      missed.has(cycleOf(run)),
  );
  return new Set(well.map(cycleOf)).size;
}

/** Machines of a fleet may share a campaign, and number their cycles alike. */
function cycleOf({ host, cycle }: StoredRun): string {
  return `${host} ${cycle}`;
}

function troublesOf(runs: readonly StoredRun[]): LabHealth['troubles'] {
  const troubles = new Map<string, LabHealth['troubles'][number]>();
  for (const run of runs
    .filter(({ outcome }) => outcome === 'ERROR' || outcome === 'MISS')
    .sort(earlier)) {
    const { outcome, folder } = run;
    const reason = printable(run.reason).slice(0, mostReason);
    const key = `${outcome} ${reason}`;
    const known = troubles.get(key);
    troubles.set(
      key,
      known === undefined
        ? { outcome, reason, count: 1, folder }
        : { ...known, count: known.count + 1 },
    );
  }
  return [...troubles.values()].sort((a, b) => b.count - a.count).slice(0, mostTroubles);
}

/** Until the churn began: by then the driver is loaded. Simulated runs begin there. */
function startTimes(runs: readonly StoredRun[]): LabHealth['startMs'] {
  const times = runs.flatMap(({ phasesMs }) => phasesMs['churn'] ?? []).sort((a, b) => a - b);
  const [median, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  return median === undefined || p99 === undefined ? null : { median, p99 };
}

/** The nearest rank of sorted numbers. */
function percentile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}
