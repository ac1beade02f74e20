// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import type { CampaignReport } from '../../lab/src/report/campaign-report.ts';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';

const program = join(import.meta.dirname, '../../lab/bin/ferrolab.js');
const quick = ['--campaign', 'quick', '--accel', 'tcg'];

async function eventually(ms: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(100);
  return condition();
}

describe('a campaign over several cells', function () {
  this.timeout(600_000);
  let state: string;
  before(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-campaign-'));
  });
  after(() => rmSync(state, { recursive: true, force: true }));
  const env = () => ({ LAB_STATE_DIR: state });

  it('catches its canary, delivers its faults, and tells the cells apart', async () => {
    const { exitCode, document, said } = await ferrolabJson<CampaignReport>(
      ['soak', ...quick, '--minutes', '1', '--seed', '3'],
      { env: env(), timeoutMs: 500_000 },
    );
    expect(exitCode, said).to.equal(0);
    expect(document.campaign.end).to.deep.equal({ kind: 'budget' });
    expect(document.health.canary?.caught).to.equal(true);
    expect(document.health.deadFaults).to.deep.equal([]);
    const cells = document.cells.map(({ cell }) => `${cell.driver} ${cell.mode}`);
    expect(cells).to.include.members(['ferronic sim', 'ferronic_c sim']);
    expect(document.cells.every(({ cell }) => cell.defect === null)).to.equal(true);
    expect(document.coverage.length).to.be.greaterThan(0);
  });

  it('goes on where it was interrupted, until its time is used up', async () => {
    const running = startFerrolab(['soak', ...quick, '--minutes', '1', '--seed', '4'], {
      env: env(),
      timeoutMs: 300_000,
    });
    const runs = join(state, 'runs');
    const before = readdirSync(runs).length;
    const verdicts = () =>
      readdirSync(runs).filter((id) => existsSync(join(runs, id, 'verdict.json'))).length;
    expect(await eventually(120_000, () => verdicts() > before)).to.equal(true);
    running.kill('SIGINT');
    const interrupted = await running;
    expect(interrupted.exitCode, interrupted.stderr).to.equal(130);

    const { exitCode, document, said } = await ferrolabJson<CampaignReport>(
      ['soak', ...quick, '--resume'],
      { env: env(), timeoutMs: 400_000 },
    );
    expect(exitCode, said).to.equal(0);
    expect(said).to.include('goes on with campaign');
    expect(document.campaign.seed).to.equal(4);
    expect(document.campaign.end).to.deep.equal({ kind: 'budget' });
  });

  it('says that there is no such campaign to go on with', async () => {
    const { exitCode, stderr } = await startFerrolab(['soak', '--resume', 'never-heard-of'], {
      env: env(),
    });
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("0 campaigns are called 'never-heard-of'");
  });
});

describe('a campaign whose disk is filling', function () {
  this.timeout(300_000);
  const size = 192 * 1024 ** 2;
  let mount: string;
  before(() => {
    mount = mkdtempSync(join(tmpdir(), 'ferrolab-small-disk-'));
  });
  after(() => rmSync(mount, { recursive: true, force: true }));

  it('pauses, says why, and goes on when there is room', async () => {
    // A file system of its own, which only this process and those it starts see.
    const script = `mount -t tmpfs -o size=${size} small ${mount} && exec "$@"`;
    const lab = ['soak', '--driver', 'c', '--kernel', 'fast', '--accel', 'tcg', '--minutes', '1.5'];
    const running = execa(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', process.execPath, program, ...lab],
      { reject: false, stdin: 'ignore', env: { LAB_STATE_DIR: join(mount, 'state') } },
    );
    let said = '';
    running.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const inside = (path: string) => `/proc/${running.pid}/root${path}`;
    try {
      const runs = inside(join(mount, 'state', 'runs'));
      const begun = () => existsSync(runs) && readdirSync(runs).length > 0;
      expect(await eventually(60_000, begun), said).to.equal(true);
      const ballast = inside(join(mount, 'ballast'));
      const { bavail, bsize } = statfsSync(inside(mount));
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - 1024 ** 2));
      expect(await eventually(60_000, () => said.includes('paused: ')), said).to.equal(true);
      expect(said).to.include('free some space, and it goes on');
      rmSync(ballast);
      expect(await eventually(60_000, () => said.includes('goes on')), said).to.equal(true);
      const { exitCode } = await running;
      expect(exitCode, said).to.equal(0);
      expect(said).to.match(/PASS +seed/);
    } finally {
      running.kill('SIGKILL');
      await running;
    }
  });
});
