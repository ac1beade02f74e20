// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { emptyTally } from '../../lab/src/fault-tally.ts';
import {
  createRunFolder,
  inspectRunFolder,
  newRunId,
  writeVerdict,
} from '../../lab/src/run/run-folder.ts';
import type { World } from '../../lab/src/run/world.ts';
import { reconcile } from '../../lab/src/store/reconcile.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import type { Verdict } from '../../lab/src/verdict.ts';

const cell = {
  target: 'ferronic',
  driver: 'ferronic_c',
  defect: 'work-uaf',
  kernel: 'debug',
  mode: 'live',
  accel: 'tcg',
  profile: 'usual',
  workload: 'traffic-churn',
};

const world: World = {
  version: 1,
  artifacts: { qemu: 'q', kernel: 'k', initramfs: 'i', driver: 'd' },
  machine: { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: 'work-uaf' },
  workload: {
    name: 'traffic-churn',
    params: { churnMs: 1, payloadBytes: 1, rounds: [], atEnd: [] },
  },
  plan: [],
  seed: 1,
};

function verdict(runId: string, change: Partial<Verdict> = {}): Verdict {
  return {
    version: 1,
    runId,
    campaignId: 'campaign-1',
    cycle: 0,
    attempt: 0,
    canary: false,
    host: 'lab-1',
    worldId: 'sha256:w',
    cell,
    seed: 1,
    outcome: 'FAIL',
    reason: 'KASAN: slab-use-after-free Read in f',
    crashes: [
      {
        title: 'KASAN: slab-use-after-free Read in f',
        type: 'KASAN-USE-AFTER-FREE-READ',
        frame: 'f',
        corrupted: false,
        altTitles: ['KASAN: use-after-free in f'],
        family: 'kasan',
      },
      { title: 'Oops', type: 'DoS', frame: null, corrupted: true, altTitles: [] },
    ],
    exposure: { wallMs: 1_500, virtualMs: 1_499 },
    faults: emptyTally,
    phasesMs: { load: 20_000 },
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:00.000Z',
    ...change,
  };
}

describe('the store of results', () => {
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

  it('gives back what a verdict said', async () => {
    const said = verdict('r1', { cycle: 3, attempt: 1, canary: true });
    await store.record(said);
    const [run] = await store.campaignRuns('campaign-1');
    const { version: _version, worldId: _worldId, exposure, ...kept } = said;
    expect(run).to.deep.equal({ ...kept, ...exposure, folder: join(state.runs, 'r1') });
  });

  it('counts a verdict once, however often it is recorded', async () => {
    expect(await store.record(verdict('r1'))).to.equal(true);
    expect(await store.record(verdict('r1'))).to.equal(false);
    expect(await store.campaignRuns('campaign-1')).to.have.length(1);
  });

  it('puts verdicts on the disk before it goes on', () => {
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

  it('opens twice at the same time, and by two labs that start together', async () => {
    const fresh = stateDirectory({ LAB_STATE_DIR: join(state.root, 'fresh') });
    const opened = await Promise.all([1, 2, 3].map(() => ResultStore.open(fresh)));
    await opened[0]?.record(verdict('r1'));
    expect(await opened[1]?.record(verdict('r1'))).to.equal(false);
    for (const one of opened) {
      await one[Symbol.asyncDispose]();
    }
  });

  it('refuses a database of a newer lab, and says what to do', async () => {
    const sqlite = new Sqlite(state.database);
    sqlite.exec("insert into kysely_migration (name, timestamp) values ('9999-future', '2030')");
    sqlite.close();
    const error = await ResultStore.open(state).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'DATABASE_NEWER', exitStatus: 3 });
  });

  describe('after a harness was killed', () => {
    it('takes over a verdict that reached the disk and not the database, once', async () => {
      const folder = await createRunFolder(state.runs, 'r1', world);
      await writeVerdict(folder, verdict('r1'));
      expect((await reconcile(state, store)).recovered).to.deep.equal(['r1']);
      expect((await reconcile(state, store)).recovered).to.deep.equal([]);
      expect(await store.campaignRuns('campaign-1')).to.have.length(1);
    });

    it('marks a run without a verdict as lost and counts it for nothing', async () => {
      const folder = await createRunFolder(state.runs, 'r1', world);
      // The owner of a dead harness: a process that cannot exist.
      const owner = { pid: 2 ** 22 + 1, startTicks: 1, bootId: 'another boot' };
      await writeFile(join(folder.path, 'owner.json'), JSON.stringify(owner));
      expect((await reconcile(state, store)).lost).to.deep.equal(['r1']);
      expect((await reconcile(state, store)).lost).to.deep.equal([]);
      expect(await store.campaignRuns('campaign-1')).to.deep.equal([]);
      expect(JSON.parse(await readFile(join(folder.path, 'lost.json'), 'utf8')).runId).to.equal(
        'r1',
      );
    });

    it('leaves a run alone whose harness still works', async () => {
      await createRunFolder(state.runs, 'r1', world);
      expect(await reconcile(state, store)).to.deep.equal({
        recovered: [],
        lost: [],
        unreadable: [],
      });
    });

    it('believes a verdict that comes after its run was taken for lost', async () => {
      await store.recordLost('r1');
      expect(await store.record(verdict('r1'))).to.equal(true);
      expect(await store.campaignRuns('campaign-1')).to.have.length(1);
    });

    it('reports a torn verdict and does not count it', async () => {
      const folder = await createRunFolder(state.runs, 'r1', world);
      await writeFile(join(folder.path, 'verdict.json'), '{"version":1,"runId"');
      const { unreadable } = await reconcile(state, store);
      expect(unreadable.map(({ runId }) => runId)).to.deep.equal(['r1']);
      expect(await store.campaignRuns('campaign-1')).to.deep.equal([]);
    });

    it('rebuilds the same rows from the folders alone', async () => {
      for (const [index, outcome] of (['FAIL', 'PASS', 'MISS'] as const).entries()) {
        const id = newRunId(index, new Date(index * 1_000));
        const one = verdict(id, {
          cycle: index,
          outcome,
          crashes: outcome === 'FAIL' ? verdict('').crashes : [],
        });
        await writeVerdict(await createRunFolder(state.runs, id, world), one);
        await store.record(one);
      }
      const before = await store.campaignRuns('campaign-1');
      const other = { ...state, database: join(state.root, 'rebuilt.sqlite') };
      const rebuilt = await ResultStore.open(other);
      await reconcile(other, rebuilt);
      expect(await rebuilt.campaignRuns('campaign-1')).to.deep.equal(before);
      await rebuilt[Symbol.asyncDispose]();
    });
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
