// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { startFerrolab } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';

/** How often the harness is killed; a campaign of its own can ask for more. */
const kills = Number(process.env['FERROLAB_KILLS'] ?? 4);
/** Kills are spread over the time in which a soak on the fast kernel boots, tests and records. */
const spreadMs = 20_000;

/** Waits until `condition` holds, or `ms` have passed; returns whether it holds. */
async function eventually(ms: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(50);
  return condition();
}

describe('a soak that is killed', function () {
  this.timeout((kills + 2) * 90_000);
  let state: string;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-state-'));
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  function soak(minutes: number) {
    const args = ['--driver', 'c', '--kernel', 'fast', '--accel', 'tcg'];
    return startFerrolab(['soak', '--minutes', String(minutes), ...args], {
      env: { LAB_STATE_DIR: state },
      timeoutMs: 120_000,
    });
  }

  /** Ids of the runs whose folder holds a verdict. */
  function verdictsOnDisk(): string[] {
    const runs = join(state, 'runs');
    return readdirSync(runs)
      .filter((id) => existsSync(join(runs, id, 'verdict.json')))
      .sort();
  }

  it('leaves no QEMU behind, and every verdict is counted once', async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      const running = soak(3);
      const started = await eventually(60_000, () => qemuProcesses(state).length > 0);
      expect(started, 'a QEMU of this soak').to.equal(true);
      await sleep((spreadMs / kills) * (kill + Math.random()));
      running.kill('SIGKILL');
      await running;
      const gone = await eventually(5_000, () => qemuProcesses(state).length === 0);
      expect(gone, `no QEMU left after kill ${kill}`).to.equal(true);
    }
    // The next soak takes stock of what the killed ones left.
    await soak(0.05);
    const [name = 'missing'] = readdirSync(state).filter((file) => /\.(db|sqlite3?)$/.test(file));
    const database = new Database(join(state, name), { readonly: true });
    try {
      expect(database.pragma('integrity_check', { simple: true })).to.equal('ok');
      const rows = database.prepare("select id from run where state = 'done' order by id").all();
      expect(rows.map((row) => (row as { id: string }).id)).to.deep.equal(verdictsOnDisk());
    } finally {
      database.close();
    }
  });
});
