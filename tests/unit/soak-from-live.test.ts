// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readLiveCrash } from '../../lab/src/soak/from-live.ts';
import type { CrashRecord } from '../../lab/src/verdict.ts';
import { verdict } from '../support/results.ts';
import { threeRounds } from '../support/sim-world.ts';

const dir = mkdtempSync(join(tmpdir(), 'ferrolab-live-'));
const schedule = { policy: 'random', sliceMax: 500 } as const;

function liveRun(runId: string, crashes: readonly CrashRecord[]) {
  const path = join(dir, runId);
  mkdirSync(path);
  const { schedule: _, ...rest } = threeRounds;
  const machine = { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' };
  writeFileSync(join(path, 'world.json'), JSON.stringify({ ...rest, machine }));
  const outcome = crashes.length > 0 ? 'FAIL' : 'PASS';
  writeFileSync(join(path, 'verdict.json'), JSON.stringify(verdict(runId, { outcome, crashes })));
  return { runId, path };
}

describe('a crash of a live run', () => {
  after(() => rmSync(dir, { recursive: true }));

  it('is looked for with its own steps and faults, in a simulated machine', async () => {
    const title = 'KASAN: slab-use-after-free Read in ferronic_service';
    const crash = { title, type: 'DoS', frame: null, corrupted: false };
    const { draft, title: wanted } = await readLiveCrash(liveRun('crashed', [crash]), schedule);
    expect(wanted).to.equal(title);
    expect(draft).to.deep.include({
      machine: { cpus: 2, memoryMiB: 512, mode: 'sim', kernel: 'debug' },
      workload: threeRounds.workload,
      plan: threeRounds.plan,
      seed: threeRounds.seed,
      schedule,
    });
    // Those of the live run may be older: they are filled in with what there is.
    expect(draft).to.not.have.property('artifacts');
  });

  it('is needed: a run that passed has none', async () => {
    const refused = await readLiveCrash(liveRun('passed', []), schedule).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).to.include({ code: 'NO_CRASH' });
  });
});
