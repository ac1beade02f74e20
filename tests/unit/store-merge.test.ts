// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { createRunFolder } from '../../lab/src/run/run-folder.ts';
import { writeCampaign, writeCampaignEnd } from '../../lab/src/store/campaign-folder.ts';
import { type Merged, merge } from '../../lab/src/store/merge.ts';
import { rebuild } from '../../lab/src/store/rebuild.ts';
import { reconcile } from '../../lab/src/store/reconcile.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import {
  type StateDirectory,
  stateDirectory,
  stateFolder,
} from '../../lab/src/store/state-directory.ts';
import { startFerrolab } from '../support/ferrolab.ts';
import { campaign, verdict, world, writeLostRun, writeRun } from '../support/results.ts';
import { databaseKinds, dump, type StateMaker, startMs } from '../support/store-databases.ts';

const nothing = {
  campaigns: 0,
  runs: 0,
  known: 0,
  lost: 0,
  running: 0,
  conflicts: [],
  unreadable: [],
};

async function recordAll(state: StateDirectory): Promise<void> {
  await using store = await ResultStore.open(state);
  await reconcile(state, store);
}

/** Joins `theirs` into `ours` as the command line does. */
async function joined(theirs: string, ours: StateDirectory): Promise<Merged> {
  await using store = await ResultStore.open(ours);
  return await merge(theirs, ours, store);
}

/** What another machine found: two runs of a campaign, and one that was lost. */
async function otherMachine(): Promise<StateDirectory> {
  const theirs = stateFolder(await mkdtemp(join(tmpdir(), 'ferrolab-other-')));
  await writeCampaign(theirs, campaign('their-campaign'));
  for (const cycle of [0, 1]) {
    const said = { cycle, campaignId: 'their-campaign', host: 'lab-2' };
    await writeRun(theirs, verdict(`their-${cycle}`, said));
  }
  await writeLostRun(theirs, 'their-lost');
  return theirs;
}

for (const [kind, start] of Object.entries(databaseKinds)) {
  describe(`results of another machine joined into ${kind}`, () => {
    let states: StateMaker;
    let ours: StateDirectory;
    let theirs: StateDirectory;

    before(async function () {
      this.timeout(startMs);
      states = await start();
    });
    after(() => states[Symbol.asyncDispose]());
    beforeEach(async () => {
      ours = await states.newState();
      theirs = await otherMachine();
      await writeRun(ours, verdict('our-0'));
      await recordAll(ours);
    });
    afterEach(() => rm(theirs.root, { recursive: true }));

    it('are counted once, with their folders and campaigns', async () => {
      const merged = await joined(theirs.root, ours);
      expect(merged).to.deep.equal({ ...nothing, campaigns: 1, runs: 2, lost: 1 });
      const { campaigns, runs } = await dump(ours);
      expect(campaigns.map(({ id }) => id)).to.deep.equal(['campaign-1', 'their-campaign']);
      expect(runs.map(({ id }) => id)).to.deep.equal(['our-0', 'their-0', 'their-1']);
      expect(runs[1]).to.include({ host: 'lab-2', campaign_id: 'their-campaign' });
      const console = join(ours.runs, 'their-1', 'console.log');
      expect(await readFile(console, 'utf8')).to.equal('console of their-1\n');
    });

    it('change nothing when they are joined again', async () => {
      await joined(theirs.root, ours);
      const before = await dump(ours);
      expect(await joined(theirs.root, ours)).to.deep.equal({ ...nothing, known: 2, lost: 1 });
      expect(await dump(ours)).to.deep.equal(before);
    });

    it('give the same rows as a rebuilt database', async () => {
      await joined(theirs.root, ours);
      const before = await dump(ours);
      await rebuild(ours);
      expect(await dump(ours)).to.deep.equal(before);
    });

    it('are completed when a first try was cut short anywhere', async () => {
      // One folder was only begun, one had its name and was not recorded.
      await cp(join(theirs.runs, 'their-0'), join(ours.runs, 'their-0'), { recursive: true });
      await mkdir(join(ours.root, 'incoming', 'folder'), { recursive: true });
      await writeFile(join(ours.root, 'incoming', 'folder', 'verdict.json'), '{"half');
      await joined(theirs.root, ours);
      expect((await dump(ours)).runs).to.have.length(3);
      expect(await readdir(ours.runs)).to.have.members(['our-0', 'their-0', 'their-1']);
      expect(existsSync(join(ours.root, 'incoming'))).to.equal(false);
    });

    it('do not replace a verdict of ours that is another', async () => {
      await writeRun(theirs, verdict('our-0', { outcome: 'PASS', crashes: [] }));
      await writeCampaign(ours, { ...campaign('their-campaign'), seed: 8 });
      const { conflicts } = await joined(theirs.root, ours);
      expect(conflicts).to.deep.equal(['campaigns/their-campaign', 'runs/our-0']);
      const { runs } = await dump(ours);
      expect(runs[0]).to.include({ id: 'our-0', outcome: 'FAIL' });
    });

    it('bring the end of a campaign that had none before', async () => {
      await joined(theirs.root, ours);
      const end = { version: 1, end: { kind: 'budget' }, endedAt: '2026-02-01T00:00:00Z' } as const;
      await writeCampaignEnd(theirs, 'their-campaign', end);
      await joined(theirs.root, ours);
      const { campaigns } = await dump(ours);
      expect(campaigns[1]).to.include({ id: 'their-campaign', ended_at: end.endedAt });
      await rebuild(ours);
      expect((await dump(ours)).campaigns).to.deep.equal(campaigns);
    });

    it('leave out what goes on there and what cannot be read, and say so', async () => {
      await createRunFolder(theirs.runs, 'their-running', world);
      await writeFile(join(theirs.runs, 'their-1', 'verdict.json'), '{');
      await rm(join(theirs.campaigns, 'their-campaign', 'campaign.json'));
      const { running, runs, unreadable } = await joined(theirs.root, ours);
      expect({ running, runs }).to.deep.equal({ running: 1, runs: 1 });
      expect(unreadable.map(({ folder }) => folder)).to.deep.equal([
        'campaigns/their-campaign',
        'runs/their-1',
      ]);
    });
  });
}

describe('the state folder of another machine', () => {
  let ours: StateDirectory;
  let theirs: StateDirectory;

  beforeEach(async () => {
    ours = stateDirectory({ LAB_STATE_DIR: await mkdtemp(join(tmpdir(), 'ferrolab-store-')) });
    theirs = await otherMachine();
  });
  afterEach(async () => {
    await rm(ours.root, { recursive: true });
    await rm(theirs.root, { recursive: true });
  });

  it('is not taken when it is our own, whatever its name', async () => {
    await writeRun(ours, verdict('r1'));
    const link = join(theirs.root, 'link');
    await symlink(ours.root, link);
    for (const path of [ours.root, link]) {
      const error = await joined(path, ours).catch((caught: unknown) => caught);
      expect(error).to.include({ code: 'SAME_STATE', exitStatus: 2 });
    }
  });

  it('is not taken while a lab works in it', async () => {
    await using _busy = await ResultStore.open(theirs);
    const error = await joined(theirs.root, ours).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'STATE_IN_USE', exitStatus: 3 });
  });

  it('gives no links: a run folder holds only what is in it', async () => {
    await symlink('/etc/passwd', join(theirs.runs, 'their-0', 'link'));
    await joined(theirs.root, ours);
    expect(await readdir(join(ours.runs, 'their-0'))).to.have.members([
      'console.log',
      'owner.json',
      'verdict.json',
      'world.json',
    ]);
  });

  it('is joined by the command line, which fails when results differ', async function () {
    this.timeout(60_000);
    const env = { LAB_STATE_DIR: ours.root };
    const first = await startFerrolab(['store', 'merge', theirs.root], { env });
    expect(first.stdout).to.match(/^merged: 1 campaign, 2 runs, 0 here already, 1 lost/);
    expect(first.exitCode).to.equal(0);
    await writeRun(theirs, verdict('their-0', { outcome: 'PASS', crashes: [] }));
    const second = await startFerrolab(['store', 'merge', theirs.root], { env });
    expect(second.exitCode).to.equal(3);
    expect(second.stdout).to.match(/runs\/their-0 .*ours stays\n.*ferrolab store rebuild/);
  });

  it('fills the disk with an error that says so, and fits when there is space', async function () {
    this.timeout(60_000);
    // More than the small disk has.
    await writeFile(join(theirs.runs, 'their-1', 'console.log'), Buffer.alloc(3_000_000, 'x'));
    const script = `set -e
      mount -t tmpfs -o size=2m tmpfs "$1"
      node lab/bin/ferrolab.js store merge "$2" && exit 99
      echo "status $?"
      ls "$1/runs"; ls "$1/incoming" 2>&1 | head -1
      mount -o remount,size=16m "$1"
      node lab/bin/ferrolab.js store merge "$2"`;
    const { stdout, stderr } = await execa(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', ours.root, theirs.root],
      { env: { LAB_STATE_DIR: ours.root }, reject: false },
    );
    expect(stderr).to.match(/a disk is full.*\n.*Free space/);
    expect(stdout).to.match(
      /^status 3\ntheir-0\nls: .*\nmerged: 0 campaigns, 1 run, 1 here already/,
    );
  });
});
