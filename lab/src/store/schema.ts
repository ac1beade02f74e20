// SPDX-License-Identifier: Apache-2.0

/** One soak: many runs of one cell. Times are ISO 8601, UTC. */
export interface CampaignTable {
  id: string;
  seed: number;
  target: string;
  driver: string;
  defect: string | null;
  kernel: string;
  mode: string;
  accel: string;
  workload: string;
  started_at: string;
  ended_at: string | null;
}

/** One run; `state` is `done` (it has a verdict) or `lost` (its harness was killed: counts for nothing). */
export interface RunTable {
  id: string;
  campaign_id: string | null;
  cycle: number | null;
  state: 'done' | 'lost';
  world_id: string | null;
  seed: number | null;
  outcome: string | null;
  reason: string | null;
  wall_ms: number;
  virtual_ms: number;
  /** JSON: fault type to { requested, delivered }. */
  faults: string | null;
  /** Relative to the state folder. */
  folder: string;
  started_at: string | null;
  ended_at: string | null;
}

/** One crash of a run; ordinal 0 is the cause. */
export interface CrashTable {
  run_id: string;
  ordinal: number;
  title: string;
  type: string;
  frame: string | null;
  corrupted: number;
}

export interface Database {
  campaign: CampaignTable;
  run: RunTable;
  crash: CrashTable;
}
