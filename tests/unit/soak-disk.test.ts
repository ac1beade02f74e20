// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { diskUse } from '../../lab/src/soak/disk-space.ts';
import { type KeptRun, pruneRuns } from '../../lab/src/soak/prune-runs.ts';
import type { Outcome } from '../../lab/src/verdict.ts';

const cell = {
  target: 'ferronic',
  driver: 'c',
  defect: null,
  kernel: 'fast',
  mode: 'sim',
  accel: 'tcg',
  profile: 'usual',
};
const logBytes = 256 * 1024;

describe('the disk budget of a campaign', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ferrolab-prune-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function run(id: string, outcome: Outcome, title: string | null = null): Promise<KeptRun> {
    const folder = join(root, id);
    mkdirSync(folder);
    writeFileSync(join(folder, 'console.log'), Buffer.alloc(logBytes, 'x'));
    for (const name of ['world.json', 'verdict.json', 'report.txt', 'simulation.json']) {
      writeFileSync(join(folder, name), '{}');
    }
    return { folder, cell, outcome, title, bytes: await diskUse(folder) };
  }

  const whole = ({ folder }: KeptRun) => existsSync(join(folder, 'console.log'));

  it('takes the logs of runs that passed first, and keeps what brings each run back', async () => {
    const runs = [await run('a', 'FAIL', 'T'), await run('b', 'PASS'), await run('c', 'PASS')];
    const used = await pruneRuns(runs, 2.5 * logBytes);
    expect(runs.map(whole)).to.deep.equal([true, false, true]);
    expect(used).to.be.below(2.5 * logBytes);
    expect(readdirSync(join(root, 'b')).sort()).to.deep.equal([
      'report.txt',
      'simulation.json',
      'verdict.json',
      'world.json',
    ]);
  });

  it('keeps the first crash of each title whole, whatever the budget', async () => {
    const runs = [
      await run('a', 'PASS'),
      await run('b', 'FAIL', 'T'),
      await run('c', 'FAIL', 'T'),
      await run('d', 'FAIL', 'U'),
      await run('e', 'MISS'),
    ];
    await pruneRuns(runs, 0);
    expect(runs.map(whole)).to.deep.equal([false, true, false, true, false]);
  });

  it('gives up the fourth crash of a title before the second', async () => {
    const runs = [];
    for (const id of ['a', 'b', 'c', 'd']) runs.push(await run(id, 'FAIL', 'T'));
    await pruneRuns(runs, 3.5 * logBytes);
    expect(runs.map(whole)).to.deep.equal([true, true, true, false]);
  });

  it('touches nothing while there is room', async () => {
    const runs = [await run('a', 'PASS'), await run('b', 'PASS')];
    await pruneRuns(runs, 10 * logBytes);
    expect(runs.every(whole)).to.equal(true);
  });
});
