// SPDX-License-Identifier: Apache-2.0

/** One campaign. Times are ISO 8601, UTC. */
export interface CampaignTable {
  id: string;
  name: string | null;
  host: string;
  seed: number;
  started_at: string;
  ended_at: string | null;
  /** JSON: the CampaignRecord; null for a run that belonged to none. */
  record: string | null;
  /** JSON: the CampaignEnd; null while it goes on, or when its lab was killed. */
  ending: string | null;
}

/** One run; `state` is `done` (it has a verdict) or `lost` (its harness was killed: counts for nothing). */
export interface RunTable {
  id: string;
  campaign_id: string | null;
  cycle: number | null;
  attempt: number | null;
  canary: number | null;
  host: string | null;
  state: 'done' | 'lost';
  world_id: string | null;
  seed: number | null;
  target: string | null;
  driver: string | null;
  defect: string | null;
  kernel: string | null;
  mode: string | null;
  accel: string | null;
  profile: string | null;
  workload: string | null;
  outcome: string | null;
  reason: string | null;
  wall_ms: number;
  virtual_ms: number;
  /** JSON: fault type to { requested, delivered }. */
  faults: string | null;
  /** JSON: step to the time it began at, in milliseconds. */
  phases: string | null;
  /** Relative to the state folder of its host. */
  folder: string;
  started_at: string | null;
  ended_at: string | null;
}

/** One crash of a run; ordinal 0 is the cause. */
export interface CrashTable {
  run_id: string;
  ordinal: number;
  title: string;
  /** JSON: further names of the same bug. */
  alt_titles: string;
  type: string;
  frame: string | null;
  family: string | null;
  corrupted: number;
}

export interface Database {
  campaign: CampaignTable;
  run: RunTable;
  crash: CrashTable;
}
