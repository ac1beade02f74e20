// SPDX-License-Identifier: Apache-2.0
import { type Kysely, type Migration, sql } from 'kysely';

/** Every change of the schema, by name in order. There is no way back: an old lab refuses a newer database. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-campaigns-runs-crashes': { up: createTables },
};

async function createTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('campaign')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('seed', 'integer', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('driver', 'text', (column) => column.notNull())
    .addColumn('defect', 'text')
    .addColumn('kernel', 'text', (column) => column.notNull())
    .addColumn('mode', 'text', (column) => column.notNull())
    .addColumn('accel', 'text', (column) => column.notNull())
    .addColumn('workload', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema
    .createTable('run')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('campaign_id', 'text', (column) => column.references('campaign.id'))
    .addColumn('cycle', 'integer')
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in ('done', 'lost')`))
    .addColumn('world_id', 'text')
    .addColumn('seed', 'integer')
    .addColumn('outcome', 'text', (column) =>
      column.check(sql`outcome in ('PASS', 'FAIL', 'ERROR', 'MISS')`),
    )
    .addColumn('reason', 'text')
    .addColumn('wall_ms', 'real', (column) => column.notNull())
    .addColumn('virtual_ms', 'real', (column) => column.notNull())
    .addColumn('faults', 'text')
    .addColumn('folder', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('ended_at', 'text')
    .addCheckConstraint('done_has_outcome', sql`(state = 'done') = (outcome is not null)`)
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema.createIndex('run_by_campaign').on('run').column('campaign_id').execute();
  await db.schema
    .createTable('crash')
    .addColumn('run_id', 'text', (column) => column.notNull().references('run.id'))
    .addColumn('ordinal', 'integer', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('frame', 'text')
    .addColumn('corrupted', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('crash_key', ['run_id', 'ordinal'])
    .modifyEnd(sql`strict`)
    .execute();
  await db.schema.createIndex('crash_by_title').on('crash').column('title').execute();
}
