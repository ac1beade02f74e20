// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CampaignRecord } from '../../lab/src/campaign-record.ts';
import type { CampaignReport } from '../../lab/src/report/campaign-report.ts';
import { ResultStore, type StoredRun } from '../../lab/src/store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import type { Verdict } from '../../lab/src/verdict.ts';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';
import { cCell, pageFault, rustCell, storedRun, titled, uaf } from '../support/report-campaign.ts';
import { campaign } from '../support/results.ts';

let folder: string;
let state: StateDirectory;

/** A run as its lab would have noted it. */
function verdictOf(campaignId: string, run: StoredRun): Verdict {
  const { folder: _, wallMs, virtualMs, ...rest } = run;
  return {
    version: 1,
    ...rest,
    runId: `${campaignId}-${run.runId}`,
    campaignId,
    worldId: 'sha256:w',
    exposure: { wallMs, virtualMs },
  };
}

function recordOf(id: string, name: string, startedAt: string): CampaignRecord {
  return { ...campaign(id), name, startedAt, canary: null };
}

async function report(args: readonly string[]) {
  return await startFerrolab(['report', ...args], { env: { LAB_STATE_DIR: folder } });
}

describe('ferrolab report', function () {
  this.timeout(60_000);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ferrolab-report-cli-'));
    state = stateDirectory({ LAB_STATE_DIR: folder });
    await using store = await ResultStore.open(state);
    await store.recordCampaign(recordOf('night-1', 'nightly', '2026-11-20T22:00:00.000Z'));
    await store.recordCampaign(recordOf('night-2', 'nightly', '2026-11-21T22:00:00.000Z'));
    const runs: readonly (readonly [string, StoredRun])[] = [
      ['night-1', storedRun(1, cCell, { crashes: [pageFault] })],
      ['night-2', storedRun(1, rustCell)],
      ['night-2', storedRun(2, cCell, { crashes: [uaf] })],
      ['night-2', storedRun(3, cCell, { crashes: [titled('BUG: \u001b[2J<b> in f')] })],
      ['night-2', storedRun(4, cCell, { crashes: [uaf], canary: true })],
      ['single', storedRun(9, rustCell, { startedAt: '2026-11-22T23:00:00.000Z' })],
    ];
    for (const [id, run] of runs) await store.record(verdictOf(id, run));
    await store.recordLost('lost-run', { campaignId: 'night-2' });
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('reports the latest campaign that was asked for, against the one before of its name', async () => {
    const { exitCode, stdout } = await report([]);
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/^campaign nightly \(night-2\)/);
    expect(stdout).to.include('since night-1');
    expect(stdout).to.match(
      /still there:\n {4}KASAN: slab-use-after-free Read in ferronic_service/,
    );
    expect(stdout).to.include('1 run lost');
    expect(stdout).not.to.include('\u001b');
  });

  it('takes a name for the latest campaign of it, an id, and the beginning of one', async () => {
    for (const [wanted, heading] of [
      ['nightly', 'campaign nightly (night-2)'],
      ['night-1', 'campaign nightly (night-1)'],
      ['sing', 'campaign single'],
    ] as const) {
      expect((await report([wanted])).stdout.split('\n')[0]).to.equal(heading);
    }
    const { exitCode, stderr } = await report(['ni']);
    expect(exitCode).to.equal(2);
    expect(stderr).to.include('night-1').and.include('night-2');
    expect((await report(['none'])).stderr).to.include('--list');
  });

  it('compares with another campaign when told to', async () => {
    const { stdout } = await report(['single', '--against', 'night-2']);
    expect(stdout).to.include('since night-2');
    expect(stdout).to.match(/not seen again:\n.*\n.*\n/);
  });

  it('lists the campaigns, with their runs and failures', async () => {
    const { stdout } = await report(['--list']);
    expect(stdout).to.match(/^night-2 +nightly +2026-11-21 22:00:00 +4 +2$/m);
    const { document } = await ferrolabJson<
      readonly { readonly id: string; readonly lost: number }[]
    >(['report', '--list'], { env: { LAB_STATE_DIR: folder } });
    expect(document.map(({ id, lost }) => [id, lost])).to.deep.equal([
      ['single', 0],
      ['night-2', 1],
      ['night-1', 0],
    ]);
  });

  it('writes each format to its file, and leaves nothing else behind', async () => {
    const out = await mkdtemp(join(tmpdir(), 'ferrolab-report-out-'));
    const formats = ['html', 'junit', 'openmetrics', 'kcidb', 'markdown'];
    const args = formats.flatMap((format) => [`--${format}`, join(out, format)]);
    const { exitCode, stderr, stdout } = await report(args);
    expect([exitCode, stderr.split('\n').length]).to.deep.equal([0, 5]);
    expect(stdout).to.match(/^campaign nightly/);
    expect((await readdir(out)).sort()).to.deep.equal(formats.toSorted());
    const beginnings = await Promise.all(
      formats.map(async (format) => (await readFile(join(out, format), 'utf8')).slice(0, 9)),
    );
    expect(beginnings).to.deep.equal([
      '<!DOCTYPE',
      '<?xml ver',
      '# TYPE fe',
      '{"version',
      '## Ferrol',
    ]);
    await rm(out, { recursive: true });
  });

  it('writes one format to stdout, and nothing else', async () => {
    const { stdout, stderr } = await report(['--openmetrics', '-']);
    expect(stdout).to.match(/^# TYPE [\s\S]*# EOF$/);
    expect(stderr).to.equal('');
  });

  it('replaces no device by a file', async () => {
    const link = join(folder, 'null');
    await symlink('/dev/null', link);
    expect((await report(['--html', link])).exitCode).to.equal(0);
    expect((await stat(link)).isCharacterDevice()).to.equal(true);
  });

  it('gives all that a report is written from as JSON', async () => {
    const { exitCode, document } = await ferrolabJson<CampaignReport>(['report'], {
      env: { LAB_STATE_DIR: folder },
    });
    expect(exitCode).to.equal(0);
    expect(document.campaign).to.include({ id: 'night-2', name: 'nightly', end: null });
    expect(document.groups.map(({ title, count }) => [title, count])).to.deep.equal([
      [uaf.title, 1],
      ['BUG: <b> in f', 1],
    ]);
    expect(document.health).to.include({ lost: 1 });
    expect(document.health.canary).to.include({ caught: true });
  });

  it('says what to do where there is no campaign', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'ferrolab-report-empty-'));
    const env = { LAB_STATE_DIR: empty };
    const { exitCode, stderr } = await startFerrolab(['report'], { env });
    expect([exitCode, stderr]).to.deep.equal([
      2,
      'ferrolab: there is no campaign to report of\n  Run one: ferrolab soak --minutes 5. LAB_STATE_DIR says where results are looked for.',
    ]);
    const list = await startFerrolab(['report', '--list'], { env });
    expect([list.exitCode, list.stdout]).to.deep.equal([0, 'no campaigns']);
    await rm(empty, { recursive: true });
  });
});
