// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { execa } from 'execa';
import { sql } from 'kysely';
import { Deadline } from 'qemu-ipc/wait';
import { createRunFolder } from '../../lab/src/run/run-folder.ts';
import { writeCampaign, writeCampaignEnd } from '../../lab/src/store/campaign-folder.ts';
import { openDatabase } from '../../lab/src/store/open-database.ts';
import { rebuild } from '../../lab/src/store/rebuild.ts';
import { reconcile } from '../../lab/src/store/reconcile.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import { lockAlone } from '../../lab/src/store/state-lock.ts';
import { startFerrolab } from '../support/ferrolab.ts';
import { campaign, verdict, world, writeLostRun, writeRun } from '../support/results.ts';
import { databaseKinds, dump, type StateMaker, startMs } from '../support/store-databases.ts';

const ending = {
  version: 1,
  end: { kind: 'interrupted' },
  endedAt: '2026-01-02T00:00:00.000Z',
} as const;

/** Two campaigns, one that nobody asked for, and runs of all kinds, recorded as labs do. */
async function work(state: StateDirectory): Promise<void> {
  await using store = await ResultStore.open(state);
  for (const id of ['campaign-1', 'campaign-2']) {
    await writeCampaign(state, campaign(id));
    await store.recordCampaign(campaign(id));
  }
  const outcomes = ['FAIL', 'PASS', 'MISS', 'ERROR'] as const;
  for (const [index, outcome] of outcomes.entries()) {
    const crashes = outcome === 'FAIL' ? verdict('').crashes : [];
    const campaignId = `campaign-${(index % 3) + 1}`;
    const said = verdict(`r${index}`, { cycle: index, campaignId, outcome, crashes });
    await writeRun(state, said);
    await store.record(said);
  }
  await writeLostRun(state, 'q-lost', { campaignId: 'campaign-2', cycle: 9 });
  await writeLostRun(state, 'a-lost', { campaignId: 'campaign-3', cycle: 0 });
  await reconcile(state, store);
  await writeCampaignEnd(state, 'campaign-1', ending);
  await store.recordCampaignEnd('campaign-1', ending);
}

for (const [kind, start] of Object.entries(databaseKinds)) {
  describe(`a database rebuilt in ${kind}`, () => {
    let states: StateMaker;
    let state: StateDirectory;

    before(async function () {
      this.timeout(startMs);
      states = await start();
    });
    after(() => states[Symbol.asyncDispose]());
    beforeEach(async () => {
      state = await states.newState();
      await work(state);
    });

    it('is equal to the one before, row by row', async () => {
      const before = await dump(state);
      expect(before.runs).to.have.length(6);
      const rebuilt = await rebuild(state);
      expect(rebuilt).to.include({ campaigns: 3, runs: 4, lost: 2, crashes: 2, running: 0 });
      expect(rebuilt.unreadable).to.deep.equal([]);
      expect(await dump(state)).to.deep.equal(before);
      await rebuild(state);
      expect(await dump(state)).to.deep.equal(before);
    });

    it('has again what was wrong or missing in it', async () => {
      const before = await dump(state);
      const db = await openDatabase(state);
      await db.deleteFrom('crash').execute();
      await db.deleteFrom('run').where('id', '=', 'r1').execute();
      await db
        .updateTable('run')
        .set({ outcome: 'PASS', seed: 3 })
        .where('id', '=', 'r0')
        .execute();
      await db.updateTable('campaign').set({ name: 'x' }).where('id', '=', 'campaign-2').execute();
      await db.destroy();
      await rebuild(state);
      expect(await dump(state)).to.deep.equal(before);
    });

    it('is not begun while a lab has it open', async () => {
      const store = await ResultStore.open(state);
      const error = await rebuild(state).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'STATE_IN_USE', exitStatus: 3 });
      await store[Symbol.asyncDispose]();
      await rebuild(state);
    });

    it('makes whoever comes in the meantime wait, and tell of it after a while', async () => {
      const alone = lockAlone(state.lock, 'a rebuild');
      const { signal } = new AbortController();
      const wait = { signal, deadline: Deadline.after(120) };
      const error = await ResultStore.open(state, wait).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'STATE_LOCKED', exitStatus: 3 });
      const opening = ResultStore.open(state);
      alone[Symbol.dispose]();
      await using _store = await opening;
    });

    it('leaves out what is going on, and gets it when it has ended', async () => {
      await createRunFolder(state.runs, 'r9', world, { campaignId: 'campaign-1', cycle: 9 });
      expect((await rebuild(state)).running).to.equal(1);
      await writeRun(state, verdict('r9', { cycle: 9 }));
      await using store = await ResultStore.open(state);
      expect((await reconcile(state, store)).recovered).to.deep.equal(['r9']);
    });

    it('says which folders it could not read', async () => {
      await writeFile(join(state.runs, 'r1', 'verdict.json'), '{}');
      const { unreadable } = await rebuild(state);
      expect(unreadable.map(({ folder }) => folder)).to.deep.equal(['runs/r1']);
    });

    it('is left as it was when it is of a newer lab', async () => {
      const db = await openDatabase(state);
      await sql`insert into kysely_migration (name, timestamp) values ('9999-future', '2030')`.execute(
        db,
      );
      await db.destroy();
      const error = await rebuild(state).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'DATABASE_NEWER', exitStatus: 3 });
    });
  });
}

describe('a rebuilt file of results', () => {
  let state: StateDirectory;

  beforeEach(async () => {
    state = stateDirectory({ LAB_STATE_DIR: await mkdtemp(join(tmpdir(), 'ferrolab-store-')) });
    await work(state);
  });
  afterEach(() => rm(state.root, { recursive: true }));

  it('takes the place of one that is damaged', async () => {
    const before = await dump(state);
    await writeFile(state.database, 'this is no database, whatever its name may be');
    expect((await rebuild(state)).withoutFolder).to.equal(null);
    expect(await dump(state)).to.deep.equal(before);
  });

  it('is not mixed with what the log of the damaged one held', async () => {
    const before = await dump(state);
    // As a killed lab leaves it: the last transactions are in the log alone.
    const killed = await execa({ reject: false })`${[
      ...[process.execPath, '--import', 'tsx', '-e'],
      `const { default: Sqlite } = await import('better-sqlite3');
       const db = new Sqlite(process.argv[1]);
       db.exec("update run set reason = 'from the log'");
       process.kill(process.pid, 'SIGKILL');`,
      state.database,
    ]}`;
    expect(killed.signal).to.equal('SIGKILL');
    expect(existsSync(`${state.database}-wal`)).to.equal(true);
    const file = await open(state.database, 'r+');
    await file.write('damaged', 0);
    await file.close();
    expect((await rebuild(state)).withoutFolder).to.equal(null);
    expect(await dump(state)).to.deep.equal(before);
  });

  it('leaves the old one beside it, with the runs that have no folder any more', async () => {
    await rm(join(state.runs, 'r0'), { recursive: true });
    const { withoutFolder, old } = await rebuild(state);
    expect(withoutFolder).to.deep.equal(['r0']);
    const sqlite = new Sqlite(old ?? '', { readonly: true });
    expect(sqlite.prepare("select id from run where id = 'r0'").all()).to.have.length(1);
    sqlite.close();
  });

  it('is made by the command line, which says what is in it', async function () {
    this.timeout(60_000);
    const env = { LAB_STATE_DIR: state.root };
    const told = await startFerrolab(['store', 'rebuild'], { env });
    expect(told.stdout).to.match(/^rebuilt: 3 campaigns, 4 runs, 2 crashes, 2 lost with their/);
    expect(told.exitCode).to.equal(0);
    await writeFile(join(state.runs, 'r1', 'verdict.json'), '{}');
    const bad = await startFerrolab(['store', 'rebuild', '--json'], { env });
    expect(bad.exitCode).to.equal(3);
    expect(JSON.parse(bad.stdout)).to.include({ runs: 3 });
  });

  it('waits for no lab that was killed', async function () {
    this.timeout(60_000);
    const program = join(import.meta.dirname, '../support/held-results.ts');
    const holder = execa(process.execPath, ['--import', 'tsx', program], {
      reject: false,
      env: { LAB_STATE_DIR: state.root },
    });
    await once(holder.stdout, 'data');
    const error = await rebuild(state).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'STATE_IN_USE' });
    holder.kill('SIGKILL');
    await holder;
    await rebuild(state);
  });
});
