// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { LabFailure } from '../errors.ts';
import { migrate } from './migrate.ts';
import type { Database } from './schema.ts';

/** How long a writer waits for another process that writes, in milliseconds. */
const busyMs = 15_000;

/** Opens the database of one machine, made or brought up to date as needed. */
export async function openSqlite(path: string): Promise<Kysely<Database>> {
  const sqlite = openFile(path);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: sqlite }) });
  try {
    await migrateAlone(db, sqlite, path);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function openFile(path: string): Sqlite.Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const sqlite = new Sqlite(path, { timeout: busyMs });
    sqlite.pragma('journal_mode = WAL');
    // WAL's default lets the last transactions go in a power cut; a verdict must not.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    return sqlite;
  } catch (cause) {
    throw new LabFailure('DATABASE_UNUSABLE', `the results in ${path} cannot be opened`, {
      remedy:
        'Check the folder and its free space, or choose another with LAB_STATE_DIR. ' +
        'A damaged database is made anew from the folders of the runs by: ferrolab store rebuild',
      cause,
    });
  }
}

/**
 * Kysely locks nothing on SQLite: two labs that start at once would both create the tables. It opens no transaction
 * either, so ours holds everybody else off until the schema is whole.
 */
async function migrateAlone(
  db: Kysely<Database>,
  sqlite: Sqlite.Database,
  path: string,
): Promise<void> {
  await beginExclusive(sqlite);
  try {
    await migrate(db, 'sqlite', path);
    sqlite.exec('COMMIT');
  } catch (error) {
    // An error may have ended the transaction by itself.
    if (sqlite.inTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

/** Waits without blocking this process: the holder of the lock may be in it. */
async function beginExclusive(sqlite: Sqlite.Database): Promise<void> {
  const deadline = performance.now() + busyMs;
  sqlite.pragma('busy_timeout = 0');
  for (;;) {
    try {
      sqlite.exec('BEGIN EXCLUSIVE');
      break;
    } catch (error) {
      if (
        !(error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') ||
        performance.now() > deadline
      ) {
        throw error;
      }
      await delay(20);
    }
  }
  sqlite.pragma(`busy_timeout = ${busyMs}`);
}
