// SPDX-License-Identifier: Apache-2.0
import type { World } from './run/world.ts';
import type { PooledCell } from './verdict.ts';

/** What one cell of a campaign is made of. */
export interface CampaignSubject {
  readonly cell: PooledCell;
  /** Word of the configuration that chooses the driver. */
  readonly driverName: string;
  /** They take turns. */
  readonly workloads: readonly string[];
  /** Its part of all cycles, as a weight. */
  readonly share: number;
  readonly artifacts: World['artifacts'];
  /** Hash of what the configuration says of it. */
  readonly configuration: string;
}

/** A campaign as it was asked for: `campaigns/ID/campaign.json`. With it cycle N is the same world whenever it is run. */
export interface CampaignRecord {
  readonly version: 1;
  readonly id: string;
  /** Name in `lab.config.ts`; null when it was put together on the command line. */
  readonly name: string | null;
  readonly host: string;
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Wall time for testing, in milliseconds. */
  readonly budgetMs: number;
  /** When it ends, however much of the budget is left: ISO 8601, UTC; null when it does not matter. */
  readonly until: string | null;
  readonly subjects: readonly CampaignSubject[];
  /** A driver with a known defect that must be caught; `share` is not used. */
  readonly canary: CampaignSubject | null;
  /** MTBF in virtual hours to be shown of each cell, and one that must not pass for it; null: none. */
  readonly goal: { readonly mtbfHours: number; readonly insteadOfHours: number } | null;
}

/** How a campaign came to its end, for now: `campaigns/ID/end.json`. One that was interrupted can go on. */
export interface CampaignEndRecord {
  readonly version: 1;
  readonly end: CampaignEnd;
  /** ISO 8601, UTC. */
  readonly endedAt: string;
}

export type CampaignEnd =
  | { readonly kind: 'budget' }
  | { readonly kind: 'interrupted' }
  /** Enough is known: the sequential test has decided. */
  | { readonly kind: 'decided'; readonly decision: 'accept' | 'reject' }
  /** The lab did nothing but miss. */
  | { readonly kind: 'gave-up'; readonly reason: string };
