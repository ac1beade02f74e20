// SPDX-License-Identifier: Apache-2.0
import { join, relative } from 'node:path';
import type { Kysely } from 'kysely';
import { type FaultTally, storedTally } from '../fault-tally.ts';
import type { Cell, CrashRecord, Outcome, Verdict } from '../verdict.ts';
import { openDatabase } from './open-database.ts';
import type { Database } from './schema.ts';
import type { StateDirectory } from './state-directory.ts';

/** A campaign as it begins. */
export interface CampaignStart {
  readonly id: string;
  readonly seed: number;
  readonly cell: Cell;
  readonly startedAt: string;
}

/** A run with a verdict, as the database has it. */
export interface StoredRun {
  readonly runId: string;
  readonly cycle: number;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly wallMs: number;
  readonly virtualMs: number;
  readonly faults: FaultTally;
  /** Absolute. */
  readonly folder: string;
  readonly crashes: readonly CrashRecord[];
}

/** The database of verdicts; each run counts once, however often it is recorded. */
export class ResultStore implements AsyncDisposable {
  readonly #db: Kysely<Database>;
  readonly #state: StateDirectory;

  private constructor(db: Kysely<Database>, state: StateDirectory) {
    this.#db = db;
    this.#state = state;
  }

  /** Opens the results in a state folder. */
  static async open(state: StateDirectory): Promise<ResultStore> {
    return new ResultStore(await openDatabase(state.database), state);
  }

  /** Notes that a campaign begins. */
  async beginCampaign(start: CampaignStart): Promise<void> {
    await this.#insertCampaign(this.#db, start);
  }

  /** Notes that a campaign has ended. */
  async endCampaign(id: string, endedAt: string): Promise<void> {
    await this.#db
      .updateTable('campaign')
      .set({ ended_at: endedAt })
      .where('id', '=', id)
      .execute();
  }

  /** Adds a run's verdict; `false` when it is there already. Durable when the promise resolves. */
  async record(verdict: Verdict): Promise<boolean> {
    return await this.#db.transaction().execute(async (db) => {
      // A verdict found in a folder may be older than the database: its campaign comes along.
      await this.#insertCampaign(db, {
        id: verdict.campaignId,
        seed: verdict.seed,
        cell: verdict.cell,
        startedAt: verdict.startedAt,
      });
      const row = {
        campaign_id: verdict.campaignId,
        cycle: verdict.cycle,
        state: 'done' as const,
        world_id: verdict.worldId,
        seed: verdict.seed,
        outcome: verdict.outcome,
        reason: verdict.reason,
        wall_ms: verdict.exposure.wallMs,
        virtual_ms: verdict.exposure.virtualMs,
        faults: JSON.stringify(verdict.faults),
        started_at: verdict.startedAt,
        ended_at: verdict.endedAt,
      };
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
      const crashes = verdict.crashes.map((crash, ordinal) => ({
        run_id: verdict.runId,
        ordinal,
        title: crash.title,
        type: crash.type,
        frame: crash.frame,
        corrupted: crash.corrupted ? 1 : 0,
      }));
      if (crashes.length > 0) {
        await db.insertInto('crash').values(crashes).execute();
      }
      return true;
    });
  }

  /** Notes that a run was lost with its harness; a run that is known already stays as it is. */
  async recordLost(runId: string): Promise<void> {
    await this.#db
      .insertInto('run')
      .values({
        id: runId,
        campaign_id: null,
        cycle: null,
        state: 'lost',
        world_id: null,
        seed: null,
        outcome: null,
        reason: null,
        wall_ms: 0,
        virtual_ms: 0,
        faults: null,
        folder: this.#relativeFolder(runId),
        started_at: null,
        ended_at: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }

  /** Ids of all runs that the database knows, the lost ones too. */
  async knownRuns(): Promise<ReadonlySet<string>> {
    const rows = await this.#db.selectFrom('run').select('id').execute();
    return new Set(rows.map((row) => row.id));
  }

  /** The runs of a campaign that have a verdict, by cycle. */
  async campaignRuns(campaignId: string): Promise<readonly StoredRun[]> {
    const rows = await this.#db
      .selectFrom('run')
      .selectAll()
      .where('campaign_id', '=', campaignId)
      .where('state', '=', 'done')
      .orderBy('cycle')
      .execute();
    const crashes = await this.#db
      .selectFrom('crash')
      .innerJoin('run', 'run.id', 'crash.run_id')
      .selectAll('crash')
      .where('run.campaign_id', '=', campaignId)
      .orderBy('crash.ordinal')
      .execute();
    return rows.map((row) => ({
      runId: row.id,
      cycle: row.cycle ?? 0,
      outcome: row.outcome as Outcome,
      reason: row.reason ?? '',
      wallMs: row.wall_ms,
      virtualMs: row.virtual_ms,
      faults: storedTally(JSON.parse(row.faults ?? '{}') as Partial<FaultTally>),
      folder: join(this.#state.root, row.folder),
      crashes: crashes
        .filter((crash) => crash.run_id === row.id)
        .map(({ title, type, frame, corrupted }) => ({
          title,
          type,
          frame,
          corrupted: corrupted === 1,
        })),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy();
  }

  #relativeFolder(runId: string): string {
    return relative(this.#state.root, join(this.#state.runs, runId));
  }

  async #insertCampaign(db: Kysely<Database>, start: CampaignStart): Promise<void> {
    const { target, driver, defect, kernel, mode, accel, workload } = start.cell;
    await db
      .insertInto('campaign')
      .values({
        id: start.id,
        seed: start.seed,
        target,
        driver,
        defect,
        kernel,
        mode,
        accel,
        workload,
        started_at: start.startedAt,
        ended_at: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}
