// SPDX-License-Identifier: Apache-2.0
import type { StoredCampaign, StoredRun } from '../store/result-store.ts';
import type { PooledCell } from '../verdict.ts';
import type { CampaignReport, CrashGroupReport } from './campaign-report.ts';
import { compareCells, differenceOf } from './compare-cells.ts';
import { commonestTitle, earlier, type GroupedCrashes, groupCrashes } from './crash-groups.ts';
import { ExposureUntil } from './exposure-until.ts';
import { labHealth } from './lab-health.ts';
import { type CampaignGoal, poolRuns, reportCell } from './report-cells.ts';
import { chooseReproducer } from './reproducer.ts';
import { readRunEvidence } from './run-evidence.ts';
import { printable } from './well-formed.ts';

/** What a report is made of. */
export interface ReportSource {
  readonly campaign: StoredCampaign;
  readonly runs: readonly StoredRun[];
  /** The campaign that it is compared with; null when there is none. */
  readonly previous: {
    readonly campaign: StoredCampaign;
    readonly runs: readonly StoredRun[];
  } | null;
  /** Runs that were lost with their harness. */
  readonly lost: number;
  readonly goal: CampaignGoal | null;
  readonly coverage: CampaignReport['coverage'];
}

const mostNames = 20;

/** Builds the report of a campaign; reads the folders of the runs that bring its crashes back. */
export async function buildReport(source: ReportSource): Promise<CampaignReport> {
  const { campaign, runs, previous, lost, goal, coverage } = source;
  const subjects = withoutCanary(runs);
  const grouped = groupCrashes(subjects);
  const titles = new Map(
    grouped.flatMap((group) => {
      const title = printable(commonestTitle(group));
      return group.crashes.map(({ run }) => [run.runId, title] as const);
    }),
  );
  const titleOf = ({ runId, reason }: StoredRun) => titles.get(runId) ?? printable(reason);
  const cells = poolRuns(subjects).map((pool) => reportCell(pool, titleOf, goal));
  const exposure = new ExposureUntil(subjects);
  const groups: CrashGroupReport[] = [];
  for (const group of grouped) groups.push(await reportGroup(group, exposure));
  return {
    campaign: headOf(campaign, runs),
    cells,
    groups,
    comparisons: compareCells(cells),
    difference: previous === null ? null : against(previous, grouped),
    coverage,
    health: labHealth({ record: campaign.record, runs, cells, lost }),
  };
}

function withoutCanary(runs: readonly StoredRun[]): readonly StoredRun[] {
  return runs.filter(({ canary }) => !canary);
}

function headOf(campaign: StoredCampaign, runs: readonly StoredRun[]): CampaignReport['campaign'] {
  const { id, name, host, seed, startedAt, end } = campaign;
  const last = runs.toSorted(earlier).at(-1)?.endedAt ?? null;
  return {
    id,
    name,
    hosts: [...new Set([host, ...runs.map((run) => run.host)])].filter((one) => one !== '').sort(),
    seed,
    startedAt,
    endedAt: campaign.endedAt ?? last,
    end,
  };
}

function against(
  { campaign, runs }: NonNullable<ReportSource['previous']>,
  now: readonly GroupedCrashes[],
): NonNullable<CampaignReport['difference']> {
  const { id, startedAt } = campaign;
  const found = differenceOf({ id, startedAt }, now, groupCrashes(withoutCanary(runs)));
  return {
    previous: found.previous,
    appeared: found.appeared.map(printable),
    gone: found.gone.map(printable),
    still: found.still.map(printable),
  };
}

async function reportGroup(
  group: GroupedCrashes,
  exposure: ExposureUntil,
): Promise<CrashGroupReport> {
  const { crashes } = group;
  const title = commonestTitle(group);
  const named = crashes.find(({ crash }) => crash.title === title);
  const frame = named?.crash.frame ?? null;
  const ended = crashes.map(({ run }) => run.endedAt);
  const [firstSeen = '', lastSeen = ''] = [ended[0], ended.at(-1)];
  const cells = countCells(crashes.map(({ run }) => run));
  const reproducer = await chooseReproducer(group);
  const { text, faults, timeline } = await readRunEvidence(reproducer.folder);
  return {
    title: printable(title),
    otherTitles: [...group.names]
      .filter((name) => name !== title)
      .sort()
      .slice(0, mostNames)
      .map(printable),
    type: named?.crash.type ?? '',
    frame: frame === null ? null : printable(frame),
    count: crashes.length,
    firstSeen,
    lastSeen,
    cells,
    exposureHoursToFirst: exposure.hours(
      cells.map(({ cell }) => cell),
      firstSeen,
    ),
    reproducer,
    text,
    faults,
    timeline,
    runs: crashes.map(({ run }) => run.runId),
  };
}

function countCells(
  runs: readonly StoredRun[],
): readonly { readonly cell: PooledCell; readonly count: number }[] {
  return poolRuns(runs).map(({ cell, runs: { length } }) => ({ cell, count: length }));
}
