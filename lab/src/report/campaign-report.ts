// SPDX-License-Identifier: Apache-2.0

import type { CampaignEnd } from '../campaign-record.ts';
import type { FaultType } from '../config/fault-types.ts';
import type { WorldCoverageReport } from '../coverage/world-coverage.ts';
import type { FaultTally } from '../fault-tally.ts';
import type { Interval } from '../stats/interval.ts';
import type { Mtbf } from '../stats/mtbf.ts';
import type { RateComparison } from '../stats/rate-comparison.ts';
import type { SequentialDecision } from '../stats/sequential-test.ts';
import type { SurvivalCurve } from '../stats/survival.ts';
import type { Trend } from '../stats/trend.ts';
import type { Outcome, PooledCell } from '../verdict.ts';

/** Everything a report says of a campaign, whatever it is written as. Hours are of 3,600 s. */
export interface CampaignReport {
  readonly campaign: {
    readonly id: string;
    readonly name: string | null;
    /** Machines whose runs are in it. */
    readonly hosts: readonly string[];
    readonly seed: number;
    /** ISO 8601, UTC. */
    readonly startedAt: string;
    /** Of the last verdict, while it has no end. */
    readonly endedAt: string | null;
    /** null while it goes on, or when its lab was killed. */
    readonly end: CampaignEnd | null;
  };
  readonly cells: readonly CellReport[];
  /** Crashes that are one bug, the commonest first. */
  readonly groups: readonly CrashGroupReport[];
  readonly comparisons: readonly CellComparison[];
  /** Against the campaign before it of the same name; null when there is none. */
  readonly difference: CampaignDifference | null;
  /** By cell; empty when nobody looked. */
  readonly coverage: readonly {
    readonly cell: PooledCell;
    readonly coverage: WorldCoverageReport;
  }[];
  readonly health: LabHealth;
}

/** One cell: results that may be pooled. */
export interface CellReport {
  readonly cell: PooledCell;
  readonly workloads: readonly string[];
  readonly runs: Readonly<Record<Outcome, number>>;
  /** Of PASS and FAIL. */
  readonly exposureHours: { readonly wall: number; readonly virtual: number };
  readonly faults: FaultTally;
  /** Failures by the title of their group, the commonest first. */
  readonly failures: readonly { readonly title: string; readonly count: number }[];
  /** In virtual hours; every FAIL is a failure. */
  readonly mtbf: Mtbf;
  /** Probability that a run fails, with its Clopper-Pearson interval; null without runs. */
  readonly failureProbability: Interval | null;
  /** Laplace's test over virtual time; null with too few failures. */
  readonly trend: Trend | null;
  /** Time to failure of a run in virtual hours, passing runs censored. */
  readonly survival: SurvivalCurve;
  /** What the campaign's goal asks of the cell; null without a goal. */
  readonly goal: {
    readonly mtbfHours: number;
    readonly insteadOfHours: number;
    readonly decision: SequentialDecision;
    /** Further failure-free virtual hours until the goal can be claimed at 95%. */
    readonly hoursNeeded: number;
  } | null;
}

/** Crashes that share a title or an alternative. */
export interface CrashGroupReport {
  /** The commonest title. */
  readonly title: string;
  readonly otherTitles: readonly string[];
  readonly type: string;
  readonly frame: string | null;
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly cells: readonly { readonly cell: PooledCell; readonly count: number }[];
  /** Virtual hours of its cells until it was first seen. */
  readonly exposureHoursToFirst: number;
  /** The run that is kept for bringing it back. */
  readonly reproducer: {
    readonly runId: string;
    readonly folder: string;
    /** For a shell: `ferrolab repro …`. */
    readonly command: string;
    /** Whether it came back identical when tried; null when it was not tried. */
    readonly identical: boolean | null;
  };
  /** `report.txt` of the reproducer: the symbolized stack. Plain text, bounded, no terminal escapes. */
  readonly text: string;
  /** Faults before the crash, the last last, in words with the guest's uptime in seconds. */
  readonly faults: readonly string[];
  /** What happened in the reproducer, by virtual seconds. */
  readonly timeline: readonly { readonly seconds: number | null; readonly what: string }[];
  readonly runs: readonly string[];
}

/** Two cells that differ only in the driver. */
export interface CellComparison {
  readonly a: PooledCell;
  readonly b: PooledCell;
  readonly comparison: RateComparison;
}

/** What is new since the campaign before. */
export interface CampaignDifference {
  readonly previous: { readonly id: string; readonly startedAt: string };
  readonly appeared: readonly string[];
  readonly gone: readonly string[];
  readonly still: readonly string[];
}

/** Whether the lab itself can be trusted. */
export interface LabHealth {
  /** null when the campaign has none. */
  readonly canary: {
    readonly cell: PooledCell;
    readonly caught: boolean;
    readonly title: string | null;
    readonly runs: number;
  } | null;
  /** By cell: asked for and never delivered. */
  readonly deadFaults: readonly {
    readonly cell: PooledCell;
    readonly types: readonly FaultType[];
  }[];
  /** Runs that were lost with their harness. */
  readonly lost: number;
  /** MISS that came out well at the second try. */
  readonly retried: number;
  /** Why runs were ERROR or MISS, the commonest first. */
  readonly troubles: readonly {
    readonly outcome: Outcome;
    readonly reason: string;
    readonly count: number;
    /** Of the first. */
    readonly folder: string;
  }[];
  /** Start of a run to the loaded driver, milliseconds; null when none was measured. */
  readonly startMs: { readonly median: number; readonly p99: number } | null;
}
