// SPDX-License-Identifier: Apache-2.0
import { join, relative } from 'node:path';
import { type Kysely, type Selectable, sql } from 'kysely';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { CampaignEnd, CampaignEndRecord, CampaignRecord } from '../campaign-record.ts';
import { type FaultTally, storedTally } from '../fault-tally.ts';
import type { RunOwner } from '../run/run-folder.ts';
import type { Cell, CrashRecord, Outcome, Verdict } from '../verdict.ts';
import { openDatabase } from './open-database.ts';
import type { CampaignTable, CrashTable, Database, RunTable } from './schema.ts';
import type { StateDirectory } from './state-directory.ts';
import { lockShared } from './state-lock.ts';

/** A run with a verdict, as the database has it. */
export interface StoredRun {
  readonly runId: string;
  readonly campaignId: string;
  readonly cycle: number;
  readonly attempt: number;
  readonly canary: boolean;
  readonly host: string;
  readonly cell: Cell;
  readonly seed: number;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly wallMs: number;
  readonly virtualMs: number;
  readonly faults: FaultTally;
  readonly phasesMs: Readonly<Record<string, number>>;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** Absolute; of a run of another machine it may not be there. */
  readonly folder: string;
  readonly crashes: readonly CrashRecord[];
}

/** A campaign, as the database has it. */
export interface StoredCampaign {
  readonly id: string;
  readonly name: string | null;
  readonly host: string;
  readonly seed: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** null for runs that were started by themselves. */
  readonly record: CampaignRecord | null;
  readonly end: CampaignEnd | null;
}

/** How much the database holds. */
export interface StoreCounts {
  readonly campaigns: number;
  /** Runs with a verdict. */
  readonly runs: number;
  readonly lost: number;
  readonly crashes: number;
}

/** How many runs a campaign has. */
export interface CampaignCounts {
  /** With a verdict, those of its canary too. */
  readonly runs: number;
  /** FAIL, but for its canary. */
  readonly failures: number;
  readonly lost: number;
}

/** How long one who opens the results waits for somebody who rebuilds them, in milliseconds. */
const rebuildMs = 60_000;
const never = new AbortController().signal;

/** The database of verdicts; each run counts once, however often it is recorded. */
export class ResultStore implements AsyncDisposable {
  readonly #db: Kysely<Database>;
  readonly #state: StateDirectory;
  readonly #lock: Disposable | null;

  private constructor(db: Kysely<Database>, state: StateDirectory, lock: Disposable | null) {
    this.#db = db;
    this.#state = state;
    this.#lock = lock;
  }

  /** Opens the results in a state folder, which are not rebuilt as long as they are open. */
  static async open(
    state: StateDirectory,
    { signal = never, deadline = Deadline.after(rebuildMs) }: Partial<Wait> = {},
  ): Promise<ResultStore> {
    const lock = await lockShared(state.lock, { signal, deadline });
    try {
      return new ResultStore(await openDatabase(state), state, lock);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** The results in `db` of a state folder that the caller has locked; to be closed by closing `db`. */
  static over(db: Kysely<Database>, state: StateDirectory): ResultStore {
    return new ResultStore(db, state, null);
  }

  /** Notes a campaign; one that is known already stays as it is. */
  async recordCampaign(record: CampaignRecord): Promise<void> {
    const { id, name, host, seed, startedAt } = record;
    const known = { name, host, seed, started_at: startedAt, record: JSON.stringify(record) };
    const row = { ...known, ended_at: null, ending: null };
    await this.#db
      .insertInto('campaign')
      .values({ id, ...row })
      // Its runs may have been found before it, with less known of it.
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(row).where('campaign.record', 'is', null),
      )
      .execute();
  }

  /** Notes how a campaign has ended, for now. */
  async recordCampaignEnd(id: string, { end, endedAt }: CampaignEndRecord): Promise<void> {
    await this.#db
      .updateTable('campaign')
      .set({ ended_at: endedAt, ending: JSON.stringify(end) })
      .where('id', '=', id)
      .execute();
  }

  /** All campaigns, the latest first. */
  async campaigns(): Promise<readonly StoredCampaign[]> {
    const rows = await this.#db
      .selectFrom('campaign')
      .selectAll()
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return rows.map(storedCampaign);
  }

  /** Adds a run's verdict; `false` when it is there already. Durable when the promise resolves. */
  async record(verdict: Verdict): Promise<boolean> {
    return await atomically(this.#db, async (db) => {
      await recordCampaignOf(db, verdict);
      const row = rowOf(verdict);
      const inserted = await db
        .insertInto('run')
        .values({ id: verdict.runId, folder: this.#relativeFolder(verdict.runId), ...row })
        // A verdict beats a note that the run was lost: its writer was slow, not dead.
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet(row).where('run.state', '=', 'lost'),
        )
        .returning('id')
        .executeTakeFirst();
      if (inserted === undefined) {
        return false;
      }
      const crashes = verdict.crashes.map((crash, ordinal) =>
        crashRow(verdict.runId, crash, ordinal),
      );
      if (crashes.length > 0) {
        await db.insertInto('crash').values(crashes).execute();
      }
      return true;
    });
  }

  /**
   * Notes that a run was lost with its harness; a run that is known already stays as it is. Of its campaign it is a
   * part when that is known.
   */
  async recordLost(runId: string, owner: RunOwner = {}): Promise<void> {
    const { campaignId, cycle, host } = owner;
    const campaign = await this.#db
      .selectFrom('campaign')
      .select('id')
      .where('id', '=', campaignId ?? null)
      .executeTakeFirst();
    await this.#db
      .insertInto('run')
      .values({
        ...nothingKnown,
        id: runId,
        campaign_id: campaign?.id ?? null,
        cycle: cycle ?? null,
        host: host ?? null,
        state: 'lost',
        wall_ms: 0,
        virtual_ms: 0,
        folder: this.#relativeFolder(runId),
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  /** Campaigns that were asked for, by id, with the time they ended at. */
  async knownCampaigns(): Promise<ReadonlyMap<string, string | null>> {
    const rows = await this.#db
      .selectFrom('campaign')
      .select(['id', 'ended_at'])
      .where('record', 'is not', null)
      .execute();
    return new Map(rows.map((row) => [row.id, row.ended_at]));
  }

  /** How much there is of everything. */
  async counts(): Promise<StoreCounts> {
    const { rows } = await sql<StoreCounts>`select
      (select count(*) from campaign) as campaigns,
      (select count(*) from run where state = 'done') as runs,
      (select count(*) from run where state = 'lost') as lost,
      (select count(*) from crash) as crashes`.execute(this.#db);
    return rows[0] ?? { campaigns: 0, runs: 0, lost: 0, crashes: 0 };
  }

  /** How much there is of each campaign that has runs, by id. */
  async campaignCounts(): Promise<ReadonlyMap<string, CampaignCounts>> {
    const rows = await this.#db
      .selectFrom('run')
      .select(['campaign_id', 'state', 'outcome', 'canary', (db) => db.fn.countAll().as('count')])
      .where('campaign_id', 'is not', null)
      .groupBy(['campaign_id', 'state', 'outcome', 'canary'])
      .execute();
    const counts = new Map<string, CampaignCounts>();
    for (const { campaign_id: id, state, outcome, canary, count } of rows) {
      const { runs, failures, lost } = counts.get(id ?? '') ?? { runs: 0, failures: 0, lost: 0 };
      const more = Number(count);
      counts.set(id ?? '', {
        runs: runs + (state === 'done' ? more : 0),
        failures: failures + (outcome === 'FAIL' && canary !== 1 ? more : 0),
        lost: lost + (state === 'lost' ? more : 0),
      });
    }
    return counts;
  }

  /** Does all of `work` or nothing of it. */
  async atomically<T>(work: (store: ResultStore) => Promise<T>): Promise<T> {
    return await atomically(this.#db, (db) => work(ResultStore.over(db, this.#state)));
  }

  /** All runs that the database knows, by id. */
  async knownRuns(): Promise<ReadonlyMap<string, 'done' | 'lost'>> {
    const rows = await this.#db.selectFrom('run').select(['id', 'state']).execute();
    return new Map(rows.map((row) => [row.id, row.state]));
  }

  /** Drops what is known of these runs and campaigns, to be recorded anew; a campaign stays with its other runs. */
  async forget(runs: readonly string[], campaigns: readonly string[]): Promise<void> {
    for (const ids of chunks(runs)) {
      await this.#db.deleteFrom('crash').where('run_id', 'in', ids).execute();
      await this.#db.deleteFrom('run').where('id', 'in', ids).execute();
    }
    for (const ids of chunks(campaigns)) {
      await this.#db.updateTable('campaign').set({ record: null }).where('id', 'in', ids).execute();
    }
  }

  /** The runs of a campaign that have a verdict, by cycle. */
  async campaignRuns(campaignId: string): Promise<readonly StoredRun[]> {
    const rows = await this.#db
      .selectFrom('run')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .where('state', '=', 'done')
      .orderBy('cycle')
      .orderBy('attempt')
      .orderBy('started_at')
      .execute();
    const crashes = await this.#db
      .selectFrom('crash')
      .innerJoin('run', 'run.id', 'crash.run_id')
      .selectAll('crash')
      .where('run.campaign_id', '=', campaignId)
      .orderBy('crash.ordinal')
      .execute();
    const byRun = new Map<string, Selectable<CrashTable>[]>(rows.map(({ id }) => [id, []]));
    for (const crash of crashes) byRun.get(crash.run_id)?.push(crash);
    return rows.map((row) => ({
      ...storedRun(row, byRun.get(row.id) ?? []),
      folder: join(this.#state.root, row.folder),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy();
    this.#lock?.[Symbol.dispose]();
  }

  #relativeFolder(runId: string): string {
    return relative(this.#state.root, join(this.#state.runs, runId));
  }
}

/** No statement takes any number of values. */
function chunks(ids: readonly string[]): readonly (readonly string[])[] {
  const size = 500;
  const count = Math.ceil(ids.length / size);
  return Array.from({ length: count }, (_, n) => ids.slice(n * size, (n + 1) * size));
}

/** A transaction, or a part of the one that is open. */
async function atomically<T>(
  db: Kysely<Database>,
  work: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  return db.isTransaction ? await work(db) : await db.transaction().execute(work);
}

/**
 * Runs that no campaign asked for have one of their own, which begins with the first of them: whatever the order in
 * which they are recorded, its row is the same.
 */
async function recordCampaignOf(db: Kysely<Database>, verdict: Verdict): Promise<void> {
  const { campaignId: id, host, seed, startedAt, endedAt } = verdict;
  await db
    .insertInto('campaign')
    .values({
      id,
      name: null,
      host,
      seed,
      started_at: startedAt,
      ended_at: endedAt,
      record: null,
      ending: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const unasked = db.updateTable('campaign').where('id', '=', id).where('record', 'is', null);
  await unasked
    .set({ host, seed, started_at: startedAt })
    .where('started_at', '>', startedAt)
    .execute();
  await unasked.set({ ended_at: endedAt }).where('ended_at', '<', endedAt).execute();
}

const nothingKnown = {
  campaign_id: null,
  cycle: null,
  attempt: null,
  canary: null,
  host: null,
  world_id: null,
  seed: null,
  target: null,
  driver: null,
  defect: null,
  kernel: null,
  mode: null,
  accel: null,
  profile: null,
  workload: null,
  outcome: null,
  reason: null,
  faults: null,
  phases: null,
  started_at: null,
  ended_at: null,
} as const;

function rowOf(verdict: Verdict) {
  return {
    campaign_id: verdict.campaignId,
    cycle: verdict.cycle,
    attempt: verdict.attempt,
    canary: verdict.canary ? 1 : 0,
    host: verdict.host,
    state: 'done' as const,
    world_id: verdict.worldId,
    seed: verdict.seed,
    ...verdict.cell,
    outcome: verdict.outcome,
    reason: storable(verdict.reason),
    wall_ms: verdict.exposure.wallMs,
    virtual_ms: verdict.exposure.virtualMs,
    faults: JSON.stringify(verdict.faults),
    phases: JSON.stringify(verdict.phasesMs),
    started_at: verdict.startedAt,
    ended_at: verdict.endedAt,
  };
}

/** A guest may print what no text of a database can hold: half a character, or none. */
function storable(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\uFFFD').replaceAll('\0', '\uFFFD');
}

function crashRow(runId: string, crash: CrashRecord, ordinal: number): Selectable<CrashTable> {
  return {
    run_id: runId,
    ordinal,
    title: storable(crash.title),
    alt_titles: JSON.stringify(crash.altTitles ?? []),
    type: crash.type,
    frame: crash.frame === null ? null : storable(crash.frame),
    family: crash.family ?? null,
    corrupted: crash.corrupted ? 1 : 0,
  };
}

function storedCrash(row: Selectable<CrashTable>): CrashRecord {
  const { title, type, frame, family, corrupted } = row;
  return {
    title,
    altTitles: JSON.parse(row.alt_titles) as string[],
    type,
    frame,
    corrupted: corrupted === 1,
    ...(family === null ? {} : { family }),
  };
}

function storedCampaign(row: Selectable<CampaignTable>): StoredCampaign {
  const { id, name, host, seed, started_at: startedAt, ended_at: endedAt, record, ending } = row;
  return {
    id,
    name,
    host,
    seed,
    startedAt,
    endedAt,
    record: record === null ? null : (JSON.parse(record) as CampaignRecord),
    end: ending === null ? null : (JSON.parse(ending) as CampaignEnd),
  };
}

function storedRun(
  row: Selectable<RunTable>,
  crashes: readonly Selectable<CrashTable>[],
): Omit<StoredRun, 'folder'> {
  return {
    runId: row.id,
    campaignId: row.campaign_id ?? '',
    cycle: row.cycle ?? 0,
    attempt: row.attempt ?? 0,
    canary: row.canary === 1,
    host: row.host ?? '',
    cell: {
      target: row.target ?? '',
      driver: row.driver ?? '',
      defect: row.defect,
      kernel: row.kernel ?? '',
      mode: row.mode ?? '',
      accel: row.accel ?? '',
      profile: row.profile ?? '',
      workload: row.workload ?? '',
    },
    seed: row.seed ?? 0,
    outcome: row.outcome as Outcome,
    reason: row.reason ?? '',
    wallMs: row.wall_ms,
    virtualMs: row.virtual_ms,
    faults: storedTally(JSON.parse(row.faults ?? '{}') as Partial<FaultTally>),
    phasesMs: JSON.parse(row.phases ?? '{}') as Record<string, number>,
    startedAt: row.started_at ?? '',
    endedAt: row.ended_at ?? '',
    crashes: crashes.map(storedCrash),
  };
}
