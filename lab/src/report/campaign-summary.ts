// SPDX-License-Identifier: Apache-2.0

import type { FaultType } from '../config/fault-types.ts';
import { addTallies, deadFaultTypes, emptyTally, type FaultTally } from '../fault-tally.ts';
import { estimateMtbf, type Mtbf } from '../stats/mtbf.ts';
import type { StoredRun } from '../store/result-store.ts';
import type { Cell, Outcome } from '../verdict.ts';

/** How a campaign came to its end. */
export type CampaignEnd =
  | { readonly kind: 'budget' }
  | { readonly kind: 'interrupted' }
  /** The lab did nothing but miss. */
  | { readonly kind: 'gave-up'; readonly reason: string };

/** Crashes with one title. */
export interface CrashGroup {
  readonly title: string;
  readonly type: string;
  readonly frame: string | null;
  readonly count: number;
  /** Run folders, the first one first. */
  readonly runs: readonly string[];
}

/** What a campaign found. */
export interface CampaignSummary {
  readonly campaignId: string;
  readonly cell: Cell;
  readonly seed: number;
  readonly end: CampaignEnd;
  readonly cycles: number;
  readonly verdicts: Readonly<Record<Outcome, number>>;
  /** Time under test in hours; that of MISS and ERROR is not in it. */
  readonly exposureHours: { readonly wall: number; readonly virtual: number };
  readonly faults: FaultTally;
  /** Faults that were asked for and never came: the campaign proves nothing about them. */
  readonly deadFaults: readonly FaultType[];
  readonly crashes: readonly CrashGroup[];
  /** In virtual hours; every FAIL is one failure. */
  readonly mtbf: Mtbf;
  /** Why runs were ERROR or MISS. */
  readonly troubles: readonly {
    readonly outcome: Outcome;
    readonly reason: string;
    readonly folder: string;
  }[];
}

const hourMs = 3_600_000;

/** Sums up the runs of one campaign. */
export function summarize(
  campaign: {
    readonly id: string;
    readonly cell: Cell;
    readonly seed: number;
    readonly end: CampaignEnd;
  },
  runs: readonly StoredRun[],
): CampaignSummary {
  const verdicts = { PASS: 0, FAIL: 0, ERROR: 0, MISS: 0 };
  let faults = emptyTally;
  let wallMs = 0;
  let virtualMs = 0;
  for (const run of runs) {
    verdicts[run.outcome] += 1;
    faults = addTallies(faults, run.faults);
    if (run.outcome === 'PASS' || run.outcome === 'FAIL') {
      wallMs += run.wallMs;
      virtualMs += run.virtualMs;
    }
  }
  return {
    campaignId: campaign.id,
    cell: campaign.cell,
    seed: campaign.seed,
    end: campaign.end,
    cycles: runs.length,
    verdicts,
    exposureHours: { wall: wallMs / hourMs, virtual: virtualMs / hourMs },
    faults,
    deadFaults: deadFaultTypes(faults),
    crashes: groupCrashes(runs),
    mtbf: estimateMtbf(verdicts.FAIL, virtualMs / hourMs),
    troubles: runs
      .filter((run) => run.outcome === 'ERROR' || run.outcome === 'MISS')
      .map(({ outcome, reason, folder }) => ({ outcome, reason, folder })),
  };
}

/** Groups runs by the title of their first crash, the commonest first; later crashes follow from the first. */
function groupCrashes(runs: readonly StoredRun[]): readonly CrashGroup[] {
  const groups = new Map<string, CrashGroup>();
  for (const run of runs) {
    const cause = run.outcome === 'FAIL' ? run.crashes[0] : undefined;
    if (cause === undefined) {
      continue;
    }
    const group = groups.get(cause.title);
    groups.set(cause.title, {
      title: cause.title,
      type: group?.type ?? cause.type,
      frame: group?.frame ?? cause.frame,
      count: (group?.count ?? 0) + 1,
      runs: [...(group?.runs ?? []), run.folder],
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || a.title.localeCompare(b.title));
}
