// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { sql } from 'kysely';
import { createRunFolder, inspectRunFolder, newRunId } from '../../lab/src/run/run-folder.ts';
import { writeCampaign, writeCampaignEnd } from '../../lab/src/store/campaign-folder.ts';
import { openDatabase } from '../../lab/src/store/open-database.ts';
import { reconcile } from '../../lab/src/store/reconcile.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import { campaign, verdict, world, writeLostRun, writeRun } from '../support/results.ts';
import { databaseKinds, dump, type StateMaker, startMs } from '../support/store-databases.ts';

const nothingToDo = { campaigns: [], recovered: [], lost: [], running: [], unreadable: [] };
const ending = {
  version: 1,
  end: { kind: 'decided', decision: 'reject' },
  endedAt: '2026-01-02T00:00:00.000Z',
} as const;

for (const [kind, start] of Object.entries(databaseKinds)) {
  describe(`the store of results in ${kind}`, () => {
    let states: StateMaker;
    let state: StateDirectory;
    let store: ResultStore;

    before(async function () {
      this.timeout(startMs);
      states = await start();
    });
    after(() => states[Symbol.asyncDispose]());

    beforeEach(async () => {
      state = await states.newState();
      store = await ResultStore.open(state);
    });
    afterEach(() => store[Symbol.asyncDispose]());

    it('gives back what a verdict said', async () => {
      const said = verdict('r1', { cycle: 3, attempt: 1, canary: true });
      await store.record(said);
      const [run] = await store.campaignRuns('campaign-1');
      const { version: _version, worldId: _worldId, exposure, ...kept } = said;
      expect(run).to.deep.equal({ ...kept, ...exposure, folder: join(state.runs, 'r1') });
    });

    it('gives back a campaign, and how it has ended', async () => {
      const record = campaign('campaign-1');
      await store.recordCampaign(record);
      await store.recordCampaignEnd('campaign-1', ending);
      const { id, name, host, seed, startedAt } = record;
      const { end, endedAt } = ending;
      expect(await store.campaigns()).to.deep.equal([
        { id, name, host, seed, startedAt, endedAt, record, end },
      ]);
    });

    it('counts a verdict once, however often it is recorded', async () => {
      expect(await store.record(verdict('r1'))).to.equal(true);
      expect(await store.record(verdict('r1'))).to.equal(false);
      expect(await store.campaignRuns('campaign-1')).to.have.length(1);
      expect(await store.counts()).to.deep.equal({ campaigns: 1, runs: 1, lost: 0, crashes: 2 });
    });

    it('takes a crash whose text no database likes', async () => {
      const [first] = verdict('r1').crashes;
      const title = 'BUG: \u{1f4a5} \ud800 \0 in f';
      const crashes = first === undefined ? [] : [{ ...first, title, altTitles: [title] }];
      await store.record(verdict('r1', { reason: title, crashes }));
      const [run] = await store.campaignRuns('campaign-1');
      expect(run?.reason).to.equal('BUG: \u{1f4a5} \ufffd \ufffd in f');
    });

    it('has the same row of a campaign nobody asked for, whatever run is recorded first', async () => {
      const early = verdict('r1');
      const late = verdict('r2', {
        startedAt: '2026-01-01T02:00:00.000Z',
        endedAt: '2026-01-01T03:00:00.000Z',
      });
      await store.record(late);
      await store.record(early);
      const [found] = await store.campaigns();
      expect(found).to.include({ startedAt: early.startedAt, endedAt: late.endedAt });
    });

    it('knows all of a campaign whose run was found first', async () => {
      await store.record(verdict('r1'));
      await store.recordCampaign(campaign('campaign-1'));
      const [found] = await store.campaigns();
      expect(found).to.include({ name: 'nightly', endedAt: null });
    });

    it('opens twice at the same time, and by labs that start together', async () => {
      const fresh = await states.newState();
      const opened = await Promise.all([1, 2, 3].map(() => ResultStore.open(fresh)));
      const recorded: boolean[] = [];
      for (const one of opened) recorded.push(await one.record(verdict('r1')));
      expect(recorded).to.deep.equal([true, false, false]);
      for (const one of opened) {
        await one[Symbol.asyncDispose]();
      }
    });

    it('refuses a database of a newer lab, and says what to do', async () => {
      const db = await openDatabase(state);
      await sql`insert into kysely_migration (name, timestamp) values ('9999-future', '2030')`.execute(
        db,
      );
      await db.destroy();
      const error = await ResultStore.open(state).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'DATABASE_NEWER', exitStatus: 3 });
      expect(String(error)).to.include('9999-future');
    });

    describe('after a harness was killed', () => {
      it('takes over a verdict that reached the disk and not the database, once', async () => {
        await writeRun(state, verdict('r1'));
        expect((await reconcile(state, store)).recovered).to.deep.equal(['r1']);
        expect(await reconcile(state, store)).to.deep.equal(nothingToDo);
        expect(await store.campaignRuns('campaign-1')).to.have.length(1);
      });

      it('takes over a campaign that reached the disk and not the database, and its end', async () => {
        await writeCampaign(state, campaign('campaign-1'));
        expect((await reconcile(state, store)).campaigns).to.deep.equal(['campaign-1']);
        await writeCampaignEnd(state, 'campaign-1', ending);
        expect((await reconcile(state, store)).campaigns).to.deep.equal(['campaign-1']);
        expect(await reconcile(state, store)).to.deep.equal(nothingToDo);
        const [found] = await store.campaigns();
        expect(found?.record).to.deep.equal(campaign('campaign-1'));
        expect(found?.end).to.deep.equal(ending.end);
      });

      it('marks a run without a verdict as lost and counts it for nothing', async () => {
        const path = await writeLostRun(state, 'r1');
        expect((await reconcile(state, store)).lost).to.deep.equal(['r1']);
        expect(await reconcile(state, store)).to.deep.equal(nothingToDo);
        expect(await store.campaignRuns('campaign-1')).to.deep.equal([]);
        expect(JSON.parse(await readFile(join(path, 'lost.json'), 'utf8')).runId).to.equal('r1');
      });

      it('knows of a lost run in which cycle of which campaign it was', async () => {
        await writeCampaign(state, campaign('campaign-1'));
        await writeLostRun(state, 'r1', { campaignId: 'campaign-1', cycle: 4 });
        await writeLostRun(state, 'r2', { campaignId: 'of which nothing is known', cycle: 5 });
        await reconcile(state, store);
        const { runs } = await dump(state);
        expect(runs[0]).to.include({
          id: 'r1',
          campaign_id: 'campaign-1',
          cycle: 4,
          host: 'lab-1',
        });
        expect(runs[1]).to.include({ id: 'r2', campaign_id: null, cycle: 5 });
      });

      it('leaves a run alone whose harness still works', async () => {
        await createRunFolder(state.runs, 'r1', world);
        expect(await reconcile(state, store)).to.deep.equal({ ...nothingToDo, running: ['r1'] });
      });

      it('believes a verdict that comes after its run was taken for lost', async () => {
        await store.recordLost('r1');
        await writeRun(state, verdict('r1'));
        expect((await reconcile(state, store)).recovered).to.deep.equal(['r1']);
        expect(await store.campaignRuns('campaign-1')).to.have.length(1);
      });

      it('reports what cannot be read, and goes on with the rest', async () => {
        await writeRun(state, verdict('r1'));
        await writeRun(state, verdict('r2'));
        await writeFile(join(state.runs, 'r1', 'verdict.json'), '{"version":1,"runId"');
        await mkdir(join(state.campaigns, 'empty'), { recursive: true });
        await writeCampaign(state, campaign('other'));
        await writeFile(
          join(state.campaigns, 'other', 'campaign.json'),
          JSON.stringify({ ...campaign('other'), seed: 'seven' }),
        );
        const { unreadable, recovered } = await reconcile(state, store);
        expect(recovered).to.deep.equal(['r2']);
        expect(unreadable.map(({ folder }) => folder)).to.deep.equal([
          'campaigns/empty',
          'campaigns/other',
          'runs/r1',
        ]);
        expect(unreadable[1]?.problem).to.match(/campaign\.json: seed: .*number/);
      });

      it('does not count a copy of a run a second time', async () => {
        await writeRun(state, verdict('r1'));
        await mkdir(join(state.runs, 'r2'));
        const text = await readFile(join(state.runs, 'r1', 'verdict.json'), 'utf8');
        await writeFile(join(state.runs, 'r2', 'verdict.json'), text);
        const { unreadable } = await reconcile(state, store);
        expect(unreadable).to.deep.equal([
          { folder: 'runs/r2', problem: 'verdict.json is of run r1' },
        ]);
        expect(await store.campaignRuns('campaign-1')).to.have.length(1);
      });
    });
  });
}

describe('the file of results', () => {
  let state: StateDirectory;
  let store: ResultStore;

  beforeEach(async () => {
    const root = await mkdtemp(join(tmpdir(), 'ferrolab-store-'));
    state = stateDirectory({ LAB_STATE_DIR: root });
    store = await ResultStore.open(state);
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(state.root, { recursive: true });
  });

  it('has a verdict on the disk before the lab goes on', () => {
    const sqlite = new Sqlite(state.database, { readonly: true });
    expect(sqlite.pragma('journal_mode', { simple: true })).to.equal('wal');
    sqlite.close();
  });

  it('has strict tables: a word is no number', () => {
    const sqlite = new Sqlite(state.database);
    const insert =
      "insert into run (id, state, outcome, wall_ms, virtual_ms, folder) values ('x', 'done', 'PASS', 'long', 1, 'f')";
    expect(() => sqlite.exec(insert)).to.throw(/cannot store TEXT value in REAL column/);
    sqlite.close();
  });

  it('says that it is damaged, not newer, when it is', async () => {
    await store[Symbol.asyncDispose]();
    await writeFile(state.database, 'this is no database, whatever its name may be');
    const error = await ResultStore.open(state).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'DATABASE_UNUSABLE', exitStatus: 3 });
    expect((error as { remedy?: string }).remedy).to.include('ferrolab store rebuild');
  });
});

describe('the folder of a run', () => {
  it('says that its run is going on as long as its owner lives', async () => {
    const runs = await mkdtemp(join(tmpdir(), 'ferrolab-runs-'));
    const folder = await createRunFolder(runs, 'r1', world);
    expect((await inspectRunFolder(folder.path)).kind).to.equal('running');
    const owner = JSON.parse(await readFile(join(folder.path, 'owner.json'), 'utf8'));
    await writeFile(
      join(folder.path, 'owner.json'),
      JSON.stringify({ ...owner, startTicks: owner.startTicks + 1 }),
    );
    expect((await inspectRunFolder(folder.path)).kind).to.equal('lost');
    await rm(runs, { recursive: true });
  });

  it('has a name that sorts by time', () => {
    const early = newRunId(0xffff_ffff, new Date('2026-01-01T00:00:00Z'));
    const late = newRunId(0, new Date('2026-01-01T00:00:01Z'));
    expect(early < late).to.equal(true);
    expect(early).to.match(/^20260101T000000Z-ffffffff-[0-9a-f]{6}$/);
  });
});

describe('the state folder', () => {
  it('is where the environment says, else in the XDG data folder', () => {
    expect(stateDirectory({ LAB_STATE_DIR: '/x' }).root).to.equal('/x');
    expect(stateDirectory({ XDG_DATA_HOME: '/data' }).root).to.equal('/data/ferrolab');
    expect(stateDirectory({ XDG_DATA_HOME: 'relative' }).root).to.match(
      /\/\.local\/share\/ferrolab$/,
    );
  });
});
