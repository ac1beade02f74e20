// SPDX-License-Identifier: Apache-2.0

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { measureWorlds, type WorldRun, type WorldsDeps } from '../../lab/src/bench/worlds.ts';

const plan = { workers: 2, seconds: 0.2, repeats: 5, boots: 5, seeds: 4 };

function ran(changes: Partial<WorldRun> = {}): WorldRun {
  return {
    ...{ console: 'a', schedule: 'b', instructions: 1 },
    ...{ wallMs: 50, firstInstructionMs: 20 },
    ...changes,
  };
}

function deps(changes: Partial<WorldsDeps> = {}): WorldsDeps {
  const after = async <T>(ms: number, value: T) => {
    await delay(ms);
    return value;
  };
  return {
    runIdle: () => after(50, ran()),
    runBusy: async (seed) => ran({ schedule: `of ${seed}` }),
    boot: (seed) => after(500, { fingerprint: `of ${seed}`, wallMs: 500 }),
    observer: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

describe('the bench of worlds', function () {
  this.timeout(20_000);

  it('counts forks and boots, and compares runs', async () => {
    const report = await measureWorlds(plan, deps());
    expect(report.ratio).to.equal(report.forks.perMinute / report.boots.perMinute);
    expect(report.forks.times).to.be.at.least(2);
    expect(report.boots.wallMs.median).to.equal(500);
    expect(report.firstInstructionMs.median).to.equal(20);
    expect(report.repeatedForks).to.deep.equal({ times: 5, same: 5 });
    expect(report.repeatedBoots).to.deep.equal({ times: 5, same: 5 });
    expect(report.schedules).to.deep.equal({ seeds: 4, different: 4, repeated: 4 });
  });

  it('sees a run, a boot and a schedule that are not the same again', async () => {
    let runs = 0;
    let boots = 0;
    const report = await measureWorlds(plan, {
      ...deps(),
      runBusy: async () => {
        runs += 1;
        return ran({ instructions: runs % 5 === 0 ? 2 : 1, schedule: 'always' });
      },
      boot: async () => {
        boots += 1;
        await delay(100);
        return { fingerprint: String(boots), wallMs: 100 };
      },
    });
    expect(report.repeatedForks).to.deep.equal({ times: 5, same: 4 });
    expect(report.repeatedBoots.same).to.equal(1);
    expect(report.schedules.different).to.equal(1);
    expect(report.schedules.repeated).to.equal(3);
  });

  it('ends when it is interrupted', async () => {
    const cut = new AbortController();
    const slow = { runIdle: async () => delay(20, ran()), signal: cut.signal };
    setTimeout(() => cut.abort(new Error('enough')), 100);
    const error = await measureWorlds({ ...plan, seconds: 60 }, deps(slow)).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).to.contain('enough');
  });
});
