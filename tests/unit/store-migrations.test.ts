// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { Migrator, sql } from 'kysely';
import { migrationsFor } from '../../lab/src/store/migrations.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { cell, verdict } from '../support/results.ts';
import {
  databaseKinds,
  emptyDatabase,
  type StateMaker,
  startMs,
} from '../support/store-databases.ts';

const firstSchema = '0001-campaigns-runs-crashes';

for (const [kind, start] of Object.entries(databaseKinds)) {
  describe(`a database of an older lab in ${kind}`, () => {
    let states: StateMaker;

    before(async function () {
      this.timeout(startMs);
      states = await start();
    });
    after(() => states[Symbol.asyncDispose]());

    it('is brought up to date with what it holds', async () => {
      const state = await states.newState();
      const db = emptyDatabase(state);
      const all = migrationsFor(state.databaseUrl === null ? 'sqlite' : 'postgres');
      const getMigrations = async () => ({ ...all });
      const { error } = await new Migrator({ db, provider: { getMigrations } }).migrateTo(
        firstSchema,
      );
      expect(error).to.equal(undefined);
      const { target, driver, defect, kernel, mode, accel, workload } = cell;
      await sql`insert into campaign values ('campaign-1', 4294967295, ${target}, ${driver}, ${defect}, ${kernel},
        ${mode}, ${accel}, ${workload}, '2026-01-01T00:00:00.000Z', null)`.execute(db);
      await sql`insert into run values ('r1', 'campaign-1', 2, 'done', 'sha256:w', 4294967295, 'FAIL', 'Oops',
        1.5, 1.25, '{}', 'runs/r1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z')`.execute(
        db,
      );
      await sql`insert into run values ('r2', null, null, 'lost', null, null, null, null,
        0, 0, null, 'runs/r2', null, null)`.execute(db);
      await sql`insert into crash values ('r1', 0, 'Oops', 'DoS', null, 0)`.execute(db);
      await db.destroy();

      await using store = await ResultStore.open(state);
      const [run] = await store.campaignRuns('campaign-1');
      const now = { attempt: 0, canary: false, host: '', cycle: 2, cell, seed: 0xffff_ffff };
      expect(run).to.deep.include({ ...now, wallMs: 1.5, faults: verdict('').faults });
      const old = { title: 'Oops', altTitles: [], type: 'DoS', frame: null, corrupted: false };
      expect(run?.crashes).to.deep.equal([old]);
      const [found] = await store.campaigns();
      expect(found).to.include({ id: 'campaign-1', host: '', name: null, record: null });
      expect(await store.counts()).to.deep.equal({ campaigns: 1, runs: 1, lost: 1, crashes: 1 });
    });
  });
}
