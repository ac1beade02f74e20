// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../lab/src/store/open-database.ts';
import type { CampaignTable, CrashTable, RunTable } from '../../lab/src/store/schema.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** Makes state folders whose results are in one kind of database. */
export interface StateMaker extends AsyncDisposable {
  /** A new one, with nothing in it. */
  readonly newState: () => Promise<StateDirectory>;
}

/** The kinds of databases there are; starting one may build what it needs first (minutes). */
export const databaseKinds: Readonly<Record<string, () => Promise<StateMaker>>> = {
  SQLite: async () => stateMaker(undefined),
  PostgreSQL: async () => stateMaker(await startPostgres()),
};

/** For the start of a database in a `before` hook, in milliseconds. */
export const startMs = 900_000;

function stateMaker(server: PostgresServer | undefined): StateMaker {
  const roots: string[] = [];
  return {
    async newState() {
      const root = await mkdtemp(join(tmpdir(), 'ferrolab-store-'));
      roots.push(root);
      const url = server === undefined ? {} : { LAB_DATABASE_URL: await server.newDatabase() };
      return stateDirectory({ LAB_STATE_DIR: root, ...url });
    },
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      for (const root of roots) await rm(root, { recursive: true, force: true });
    },
  };
}

/** The database of a new state folder, before any lab has opened it. */
export function emptyDatabase({ database, databaseUrl }: StateDirectory): Kysely<unknown> {
  const dialect =
    databaseUrl === null
      ? new SqliteDialect({ database: new Sqlite(database) })
      : new PostgresDialect({ pool: new pg.Pool({ connectionString: databaseUrl }) });
  return new Kysely<unknown>({ dialect });
}

/** All that a database holds. */
export interface StoredRows {
  readonly campaigns: readonly CampaignTable[];
  readonly runs: readonly RunTable[];
  readonly crashes: readonly CrashTable[];
}

/** Every row with every column, in an order of its own. */
export async function dump(state: StateDirectory): Promise<StoredRows> {
  const db = await openDatabase(state);
  try {
    return {
      campaigns: await db.selectFrom('campaign').selectAll().orderBy('id').execute(),
      runs: await db.selectFrom('run').selectAll().orderBy('id').execute(),
      crashes: await db
        .selectFrom('crash')
        .selectAll()
        .orderBy('run_id')
        .orderBy('ordinal')
        .execute(),
    };
  } finally {
    await db.destroy();
  }
}
