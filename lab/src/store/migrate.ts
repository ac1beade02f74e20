// SPDX-License-Identifier: Apache-2.0
import { type Kysely, Migrator, sql } from 'kysely';
import { LabError, LabFailure } from '../errors.ts';
import { type DatabaseKind, migrationsFor } from './migrations.ts';

/** Brings the schema up to date; `place` names the database in errors. A newer one than this lab knows is refused. */
export async function migrate<Schema>(
  db: Kysely<Schema>,
  kind: DatabaseKind,
  place: string,
): Promise<void> {
  const migrations = migrationsFor(kind);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined || error instanceof LabError) {
    if (error !== undefined) throw error;
    return;
  }
  const unknown = (await applied(db)).filter((name) => !(name in migrations));
  if (unknown.length > 0) throw newerDatabase(place, unknown);
  throw new LabFailure('DATABASE_UNUSABLE', `the schema of ${place} cannot be brought up to date`, {
    remedy: 'What was there before is kept. Check the free space, then give the command again.',
    cause: error,
  });
}

/** What to tell of a database with the migrations `unknown`. */
export function newerDatabase(place: string, unknown: readonly string[]): LabFailure {
  return new LabFailure(
    'DATABASE_NEWER',
    `${place} was made by a newer lab: it has ${unknown.join(', ')}, which this lab does not know`,
    { remedy: 'Update the lab, or start anew with another LAB_STATE_DIR or LAB_DATABASE_URL.' },
  );
}

async function applied<Schema>(db: Kysely<Schema>): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map(({ name }) => name);
}
