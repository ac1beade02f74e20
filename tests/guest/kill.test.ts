// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect } from 'chai';
import { startFerrolab } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';

/** Waits until `condition` holds, or `ms` have passed; returns whether it holds. */
async function eventually(ms: number, condition: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(50);
  return condition();
}

describe('a harness that is killed', function () {
  this.timeout(180_000);
  let state: string;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-state-'));
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it('leaves no QEMU behind and its database intact', async () => {
    for (const delayMs of [0, 1_500, 4_000]) {
      const soak = startFerrolab(
        ['soak', '--minutes', '3', '--driver', 'c', '--kernel', 'fast', '--accel', 'tcg'],
        { env: { LAB_STATE_DIR: state }, timeoutMs: 100_000 },
      );
      const started = await eventually(60_000, () => qemuProcesses(state).length > 0);
      expect(started, 'a QEMU of this soak').to.equal(true);
      await sleep(delayMs);
      soak.kill('SIGKILL');
      await soak;
      const gone = await eventually(5_000, () => qemuProcesses(state).length === 0);
      expect(gone, 'no QEMU left').to.equal(true);
    }
    const file = readdirSync(state).find((name) => /\.(db|sqlite)$/.test(name));
    const database = new Database(join(state, file ?? 'missing'), { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).to.equal('ok');
    database.close();
  });
});
