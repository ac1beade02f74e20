// SPDX-License-Identifier: Apache-2.0
import { type Kysely, type Migration, type RawBuilder, sql } from 'kysely';

/** Every change of the schema, by name in order. There is no way back: an old lab refuses a newer database. */
export function migrationsFor(kind: DatabaseKind): Record<string, Migration> {
  const types = columnTypes[kind];
  return {
    '0001-campaigns-runs-crashes': { up: (db: Kysely<unknown>) => createTables(db, types) },
    '0002-cell-of-each-run': { up: (db: Kysely<unknown>) => moveCellsToRuns(db, types) },
  };
}

export type DatabaseKind = 'sqlite' | 'postgres';

interface ColumnTypes {
  /** Holds every exact integer of JavaScript. */
  readonly integer: 'integer' | 'bigint';
  /** As precise as a number of JavaScript. */
  readonly real: 'real' | 'double precision';
  /** What stands behind the columns of a new table. */
  readonly tableEnd: RawBuilder<unknown>;
}

const columnTypes: Readonly<Record<DatabaseKind, ColumnTypes>> = {
  sqlite: { integer: 'integer', real: 'real', tableEnd: sql`strict` },
  postgres: { integer: 'bigint', real: 'double precision', tableEnd: sql`` },
};

async function createTables(
  db: Kysely<unknown>,
  { integer, real, tableEnd }: ColumnTypes,
): Promise<void> {
  await db.schema
    .createTable('campaign')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('seed', integer, (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('driver', 'text', (column) => column.notNull())
    .addColumn('defect', 'text')
    .addColumn('kernel', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('accel', 'text', (column) => column.notNull())
    .addColumn('workload', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .modifyEnd(tableEnd)
    .execute();
  await db.schema
    .createTable('run')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('campaign_id', 'text', (column) => column.references('campaign.id'))
    .addColumn('cycle', integer)
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in ('done', 'lost')`))
    .addColumn('world_id', 'text')
    .addColumn('seed', integer)
    .addColumn('outcome', 'text', (column) =>
      column.check(sql`outcome in ('PASS', 'FAIL', 'ERROR', 'MISS')`),
    )
    .addColumn('reason', 'text')
    .addColumn('wall_ms', real, (column) => column.notNull())
    .addColumn('virtual_ms', real, (column) => column.notNull())
    .addColumn('faults', 'text')
    .addColumn('folder', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('ended_at', 'text')
    .addCheckConstraint('done_has_outcome', sql`(state = 'done') = (outcome is not null)`)
    .modifyEnd(tableEnd)
    .execute();
  await db.schema.createIndex('run_by_campaign').on('run').column('campaign_id').execute();
  await db.schema
    .createTable('crash')
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.id'))
    .addColumn('ordinal', integer, (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('frame', 'text')
    .addColumn('corrupted', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('crash_key', ['run_id', 'ordinal'])
    .modifyEnd(tableEnd)
    .execute();
  await db.schema.createIndex('crash_by_title').on('crash').column('title').execute();
}

/** What a campaign's only cell was said of, until campaigns had many. */
const cellColumns = ['target', 'driver', 'defect', 'kernel', 'mode', 'accel', 'workload'] as const;

async function moveCellsToRuns(db: Kysely<unknown>, { integer }: ColumnTypes): Promise<void> {
  const texts = [...cellColumns, 'profile', 'host', 'phases'];
  for (const name of texts) {
    await db.schema.alterTable('run').addColumn(name, 'text').execute();
  }
  await db.schema.alterTable('run').addColumn('attempt', integer).execute();
  await db.schema.alterTable('run').addColumn('canary', integer).execute();
  for (const name of cellColumns) {
    const column = sql.ref(name);
    await sql`update run set ${column} = (select ${column} from campaign where campaign.id = run.campaign_id)`.execute(
      db,
    );
  }
  await sql`update run set profile = 'usual', attempt = 0, canary = 0, host = '' where state = 'done'`.execute(
    db,
  );
  for (const name of cellColumns) {
    await db.schema.alterTable('campaign').dropColumn(name).execute();
  }
  await db.schema
    .alterTable('campaign')
    .addColumn('host', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  for (const name of ['name', 'record', 'ending']) {
    await db.schema.alterTable('campaign').addColumn(name, 'text').execute();
  }
  await db.schema
    .alterTable('crash')
    .addColumn('alt_titles', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await db.schema.alterTable('crash').addColumn('family', 'text').execute();
}
