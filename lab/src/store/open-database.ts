// SPDX-License-Identifier: Apache-2.0
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';
import { openSqlite } from './sqlite-database.ts';
import type { StateDirectory } from './state-directory.ts';

/** Opens the database of results, made or brought up to date as needed. */
export async function openDatabase(state: StateDirectory): Promise<Kysely<Database>> {
  if (state.databaseUrl === null) return await openSqlite(state.database);
  // Few need it: no start shall pay for reading it.
  const { openPostgres } = await import('./postgres-database.ts');
  return await openPostgres(state.databaseUrl);
}
