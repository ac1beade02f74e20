// SPDX-License-Identifier: Apache-2.0
import type { FaultTally } from './fault-tally.ts';

/** KCIDB's words: PASS, FAIL (the driver), ERROR (the test), MISS (the lab). */
export const outcomes = ['PASS', 'FAIL', 'ERROR', 'MISS'] as const;
export type Outcome = (typeof outcomes)[number];

/** A crash as it is stored and counted; the lines lie in `report.txt` and `console.log`. */
export interface CrashRecord {
  readonly title: string;
  /** A word of the console parser's list; empty when the title has no agreed type. */
  readonly type: string;
  /** The guilty function; `null` when the report names none. */
  readonly frame: string | null;
  readonly corrupted: boolean;
  /** Further names of the same bug: two crashes that share any title or alternative are one bug. */
  readonly altTitles?: readonly string[];
  /** What noticed it: a family of the console's detectors, or a check of the lab's own. */
  readonly family?: string;
}

/** Time under test in milliseconds: the driver loaded or being loaded, the guest alive. */
export interface Exposure {
  readonly wallMs: number;
  readonly virtualMs: number;
}

/** What a run found, complete enough to rebuild its row in the database. */
export interface Verdict {
  readonly version: 1;
  readonly runId: string;
  readonly campaignId: string;
  readonly cycle: number;
  /** 0, or 1 for the second try of a cycle in which the lab had failed. */
  readonly attempt: number;
  /** The run was to show that a known defect is still caught: it counts for no driver. */
  readonly canary: boolean;
  /** Name of the machine it ran on. */
  readonly host: string;
  readonly worldId: string;
  readonly cell: Cell;
  readonly seed: number;
  readonly outcome: Outcome;
  /** Why it is not PASS, in one line; with PASS, how the run ended. */
  readonly reason: string;
  /** The first crash is the cause, the others follow from it. Empty unless FAIL. */
  readonly crashes: readonly CrashRecord[];
  /** Zero for MISS: time that tested nothing. */
  readonly exposure: Exposure;
  readonly faults: FaultTally;
  readonly phasesMs: Readonly<Record<string, number>>;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
}

/** What a run was of. */
export interface Cell extends PooledCell {
  readonly workload: string;
}

/** What results may be pooled over: never mix two of these in one figure. */
export interface PooledCell {
  readonly target: string;
  readonly driver: string;
  readonly defect: string | null;
  readonly kernel: string;
  readonly mode: string;
  readonly accel: string;
  /** Name of the fault profile. */
  readonly profile: string;
}
