// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { LabError } from '../errors.ts';
import { syncDirectory } from '../run/durable-file.ts';
import { campaignIds, readCampaign } from './campaign-folder.ts';
import { folderNames } from './folder-names.ts';
import { newerDatabase } from './migrate.ts';
import { migrationsFor } from './migrations.ts';
import { inspectStoredRun, reconcile, type UnreadableFolder } from './reconcile.ts';
import { ResultStore, type StoreCounts } from './result-store.ts';
import { openSqlite } from './sqlite-database.ts';
import type { StateDirectory } from './state-directory.ts';
import { lockAlone } from './state-lock.ts';

/** What a rebuilt database holds. */
export interface Rebuilt extends StoreCounts {
  /** Runs whose harness still works; they will be recorded when they have ended. */
  readonly running: number;
  readonly unreadable: readonly UnreadableFolder[];
  /** Runs of the old database that no folder gave back; `null` when it could not be read. */
  readonly withoutFolder: readonly string[] | null;
  /** Where the old database lies; `null` when there was none, or when the rows were replaced in place. */
  readonly old: string | null;
}

/** Makes the database anew from the folders of campaigns and runs; LabFailure when another lab has it open. */
export async function rebuild(state: StateDirectory): Promise<Rebuilt> {
  using _alone = lockAlone(state.lock, 'a soak, a hunt or another command with results is at work');
  return state.databaseUrl === null
    ? await rebuildFile(state)
    : await rebuildRows(state, state.databaseUrl);
}

/** A new file beside the old one, which it then replaces. */
async function rebuildFile(state: StateDirectory): Promise<Rebuilt> {
  const before = settle(state.database);
  const fresh = `${state.database}.new`;
  for (const end of fileEnds) await rm(`${fresh}${end}`, { force: true });
  const db = await openSqlite(fresh);
  let filled: Omit<Rebuilt, 'old'>;
  try {
    filled = await ResultStore.over(db, state).atomically((store) => fill(state, store, before));
  } finally {
    await db.destroy();
  }
  return { ...filled, old: await replace(state.database, fresh) };
}

/**
 * In one transaction, and only the rows of runs that have a folder here: those of the other machines have theirs
 * elsewhere.
 */
async function rebuildRows(state: StateDirectory, url: string): Promise<Rebuilt> {
  const { openPostgres } = await import('./postgres-database.ts');
  await using db = await openPostgres(url);
  return await db.transaction().execute(async (transaction) => {
    // In the order in which a verdict is recorded, or each could wait for the other.
    await sql`lock table campaign, run, crash in share row exclusive mode`.execute(transaction);
    const store = ResultStore.over(transaction, state);
    const here = await foldersHere(state);
    await store.forget(here.runs, here.campaigns);
    const filled = await fill(state, store, []);
    const told = new Set(filled.unreadable.map(({ folder }) => folder));
    // Those whose rows are kept were of no concern to it.
    const kept = here.unreadable.filter(({ folder }) => !told.has(folder));
    return { ...filled, unreadable: [...filled.unreadable, ...kept], old: null };
  });
}

async function fill(
  state: StateDirectory,
  store: ResultStore,
  before: readonly string[] | null,
): Promise<Omit<Rebuilt, 'old'>> {
  const { running, unreadable } = await reconcile(state, store);
  const known = await store.knownRuns();
  return {
    ...(await store.counts()),
    running: running.length,
    unreadable,
    withoutFolder: before?.filter((id) => !known.has(id)) ?? null,
  };
}

interface FoldersHere {
  /** Runs and campaigns whose folders say all that their rows do. */
  readonly runs: readonly string[];
  readonly campaigns: readonly string[];
  /** Folders of runs. */
  readonly unreadable: readonly UnreadableFolder[];
}

async function foldersHere(state: StateDirectory): Promise<FoldersHere> {
  const runs: string[] = [];
  const unreadable: UnreadableFolder[] = [];
  for (const id of await folderNames(state.runs)) {
    const run = await inspectStoredRun(state, id);
    if (run.kind === 'done' || run.kind === 'lost') runs.push(id);
    if (run.kind === 'unreadable') {
      unreadable.push({ folder: join('runs', id), problem: run.problem });
    }
  }
  const campaigns: string[] = [];
  for (const id of await campaignIds(state)) {
    const read = await readCampaign(state, id).catch((error: unknown) => {
      if (error instanceof LabError) return undefined;
      throw error;
    });
    if (read !== undefined) campaigns.push(id);
  }
  return { runs, campaigns, unreadable };
}

/** A database in WAL mode is up to three files. */
const fileEnds = ['', '-wal', '-shm'] as const;

/**
 * Brings all of a database into its one file; returns the ids of its runs, `null` when it is damaged. Refuses the
 * database of a newer lab: it may hold what no folder says to this one.
 */
function settle(path: string): readonly string[] | null {
  if (!existsSync(path)) return [];
  let sqlite: Sqlite.Database | undefined;
  try {
    sqlite = new Sqlite(path);
    const names = 'select name from kysely_migration';
    const known = migrationsFor('sqlite');
    const unknown = column(sqlite, names).filter((name) => !(name in known));
    if (unknown.length > 0) throw newerDatabase(path, unknown);
    const ids = column(sqlite, 'select id from run');
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
    return ids;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) return null;
    throw error;
  } finally {
    sqlite?.close();
  }
}

function column(sqlite: Sqlite.Database, query: string): readonly string[] {
  return sqlite.prepare<[], string>(query).pluck().all();
}

/** Puts `fresh` in the place of `path`, which stays as the result. At no moment is there no database. */
async function replace(path: string, fresh: string): Promise<string | null> {
  const file = await open(fresh, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  const old = existsSync(path) ? `${path}.old` : null;
  if (old !== null) {
    for (const end of fileEnds) await rm(`${old}${end}`, { force: true });
    await link(path, old);
    // Left only by one that is damaged; SQLite would take them for the new one's.
    for (const end of ['-wal', '-shm']) {
      if (existsSync(`${path}${end}`)) await rename(`${path}${end}`, `${old}${end}`);
    }
  }
  await rename(fresh, path);
  await syncDirectory(dirname(path));
  return old;
}
