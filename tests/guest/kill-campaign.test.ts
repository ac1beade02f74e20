// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import type { Verdict } from '../../lab/src/verdict.ts';
import { startFerrolab } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';

/** How often something is killed; a run by hand can ask for more. */
const kills = Number(process.env['FERROLAB_KILLS'] ?? 3);
/** Kills come at any time of a run: its start, its test, its end. */
const longestMs = 20_000;
const whatDies = ['lab', 'qemu', 'both'] as const;
/** A template is made before the first run of a cell, and made again when its maker was killed. */
const templateMs = 300_000;

async function eventually(ms: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(50);
  return condition();
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Everything that the database says, in an order that does not depend on who wrote it. */
function dump(path: string): unknown {
  const database = new Database(path, { readonly: true });
  try {
    expect(database.pragma('integrity_check', { simple: true })).to.equal('ok');
    return ['campaign', 'run', 'crash'].map((table) => {
      const rows = database.prepare(`select * from ${table}`).all();
      return rows.map((row) => JSON.stringify(row)).sort();
    });
  } finally {
    database.close();
  }
}

describe('a campaign that is killed again and again', function () {
  this.timeout((kills + 4) * 90_000);
  let state: string;

  before(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-killed-'));
  });
  let lab: ReturnType<typeof startFerrolab> | undefined;
  after(async () => {
    lab?.kill('SIGKILL');
    await lab;
    rmSync(state, { recursive: true, force: true });
  });

  const start = (args: readonly string[]) =>
    startFerrolab(args, {
      env: { LAB_STATE_DIR: state },
      timeoutMs: (kills + 4) * 90_000,
    });
  const goOn = () =>
    start(['soak', '--campaign', 'quick', '--hours', '24', '--seed', '1', '--accel', 'tcg']);
  const resume = () =>
    start(['soak', '--campaign', 'quick', '--hours', '24', '--resume', '--accel', 'tcg']);

  function verdicts(): Verdict[] {
    const runs = join(state, 'runs');
    return readdirSync(runs)
      .map((id) => join(runs, id, 'verdict.json'))
      .filter((path) => existsSync(path))
      .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Verdict);
  }

  it('goes on, leaves no QEMU behind, and blames the driver for nothing', async () => {
    let said = '';
    const begin = (starting: ReturnType<typeof startFerrolab>) => {
      said = '';
      starting.stderr.on('data', (text: Buffer) => {
        said = `${said}${text.toString()}`.slice(-4_000);
      });
      lab = starting;
      return starting;
    };
    let running = begin(goOn());
    for (let kill = 0; kill < kills; kill += 1) {
      const testing = await eventually(templateMs, () => qemuProcesses(state).length > 0);
      expect(testing, `a machine before kill ${kill}, after:\n${said}`).to.equal(true);
      await sleep(Math.random() * longestMs);
      const victim = whatDies[kill % whatDies.length];
      const machines = qemuProcesses(state);
      if (victim !== 'qemu') running.kill('SIGKILL');
      // QEMU itself, or what holds it.
      const machine = machines[Math.floor(Math.random() * machines.length)];
      if (victim !== 'lab' && machine !== undefined) killProcess(machine);
      if (victim === 'qemu' && running.exitCode === null) continue;
      await running;
      const gone = await eventually(5_000, () => qemuProcesses(state).length === 0);
      expect(gone, `no QEMU left after kill ${kill}`).to.equal(true);
      running = begin(resume());
    }
    await eventually(templateMs, () => qemuProcesses(state).length > 0);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).to.equal(130);
    const blamed = verdicts().filter(({ outcome, canary }) => outcome === 'FAIL' && !canary);
    expect(blamed.map(({ reason }) => reason)).to.deep.equal([]);
    const passed = verdicts().filter(({ outcome }) => outcome === 'PASS');
    const reasons = new Set(passed.map(({ reason }) => reason));
    expect([...reasons]).to.satisfy((all: string[]) =>
      all.every((why) => why === 'workload finished' || why.startsWith('cut short')),
    );
  });

  it('has recorded each verdict once, and each cycle', () => {
    const database = new Database(join(state, 'results.sqlite'), { readonly: true });
    const rows = database.prepare("select id from run where state = 'done' order by id").all();
    const campaigns = database.prepare('select count(*) as n from campaign').get();
    database.close();
    const found = verdicts();
    expect(campaigns).to.deep.equal({ n: 1 });
    expect(rows.map((row) => (row as { id: string }).id)).to.deep.equal(
      found.map(({ runId }) => runId).sort(),
    );
    const told = found.filter(({ outcome }) => outcome !== 'MISS');
    const keys = told.map(({ canary, cycle }) => `${canary} ${cycle}`);
    expect(new Set(keys).size, 'no cycle has two results').to.equal(keys.length);
    const cycles = found.filter(({ canary }) => !canary).map(({ cycle }) => cycle);
    const missing = Array.from({ length: Math.max(...cycles) }, (_, cycle) => cycle).filter(
      (cycle) => !cycles.includes(cycle),
    );
    // What two runs under way at the end would have been.
    expect(missing.length).to.be.at.most(2);
  });

  it('can make the same database anew from the folders of its runs', async () => {
    const path = join(state, 'results.sqlite');
    const before = dump(path);
    const { exitCode, stderr } = await start(['store', 'rebuild']);
    expect(exitCode, stderr).to.equal(0);
    expect(dump(path)).to.deep.equal(before);
  });
});
