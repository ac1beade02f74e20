// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { sleep } from 'qemu-ipc/wait';
import { emptyTally } from '../../lab/src/fault-tally.ts';
import {
  type CampaignDeps,
  type CampaignItem,
  type CampaignPlan,
  runCampaign,
} from '../../lab/src/soak/campaign.ts';
import type { Outcome, Verdict } from '../../lab/src/verdict.ts';

const plan: CampaignPlan = { processors: 1, budgetMs: 300 };
const never = new AbortController().signal;

function verdict({ cycle, attempt, seed }: CampaignItem, outcome: Outcome): Verdict {
  return {
    version: 1,
    runId: `r${cycle}`,
    campaignId: 'c',
    cycle,
    attempt,
    canary: false,
    host: '',
    worldId: '',
    cell: {
      target: '',
      driver: '',
      defect: null,
      kernel: '',
      mode: '',
      accel: '',
      profile: '',
      workload: '',
    },
    seed,
    outcome,
    reason: 'because',
    crashes: [],
    exposure: { wallMs: 0, virtualMs: 0 },
    faults: emptyTally,
    phasesMs: {},
    startedAt: '',
    endedAt: '',
  };
}

/** So many cycles, however slow the machine is. */
function cycles(count: number): Partial<Deps> {
  const items = Array.from({ length: count }, (_, cycle) => ({
    cycle,
    attempt: 0,
    seed: 1000 + cycle,
    processors: 1,
  }));
  return { next: () => items.shift() };
}

type Deps = CampaignDeps<CampaignItem>;

function campaignOf(run: (item: CampaignItem) => Promise<Outcome>, changes: Partial<Deps> = {}) {
  const recorded: Verdict[] = [];
  let cycle = 0;
  const deps: Deps = {
    next: () => {
      const item = { cycle, attempt: 0, seed: 1000 + cycle, processors: 1 };
      cycle += 1;
      return item;
    },
    leastMs: () => 0,
    run: async (item) => verdict(item, await run(item)),
    record: async (one) => void recorded.push(one),
    observer: { runStarted: () => undefined, runStep: () => undefined, runEnded: () => undefined },
    ...changes,
  };
  return { recorded, deps };
}

async function passes(ms: number): Promise<Outcome> {
  await delay(ms);
  return 'PASS';
}

describe('a campaign', () => {
  it('runs what comes next until the budget is used up', async () => {
    const { recorded, deps } = campaignOf(() => passes(40));
    const end = await runCampaign(plan, deps, never);
    expect(end).to.deep.equal({ kind: 'budget' });
    expect(recorded.length).to.be.within(3, 8);
    expect(recorded.map(({ seed }) => seed)).to.deep.equal(
      recorded.map((_, cycle) => 1000 + cycle),
    );
  });

  it('ends when there is nothing more to run', async () => {
    const items = [{ cycle: 0, attempt: 0, seed: 1, processors: 1 }];
    const { recorded, deps } = campaignOf(() => passes(1), { next: () => items.shift() });
    await runCampaign({ ...plan, budgetMs: 60_000 }, deps, never);
    expect(recorded).to.have.length(1);
  });

  it('records each verdict before it starts the next run', async () => {
    const order: string[] = [];
    const { deps } = campaignOf(
      async ({ cycle }) => {
        order.push(`run ${cycle}`);
        return await passes(50);
      },
      {
        record: async ({ cycle }) => {
          await delay(30);
          order.push(`recorded ${cycle}`);
        },
      },
    );
    await runCampaign(plan, deps, never);
    expect(order.slice(0, 4)).to.deep.equal(['run 0', 'recorded 0', 'run 1', 'recorded 1']);
  });

  it('keeps as many processors busy as it may, and none twice', async () => {
    let busy = 0;
    let most = 0;
    const sizes = [1, 2, 1, 3, 1, 9];
    let cycle = 0;
    const { recorded, deps } = campaignOf(
      async ({ processors }) => {
        busy += Math.min(processors, 3);
        most = Math.max(most, busy);
        await delay(20);
        busy -= Math.min(processors, 3);
        return 'PASS';
      },
      {
        next: () => {
          const processors = sizes[cycle];
          cycle += 1;
          return processors === undefined
            ? undefined
            : { cycle: cycle - 1, attempt: 0, seed: 0, processors };
        },
      },
    );
    await runCampaign({ processors: 3, budgetMs: 10_000 }, deps, never);
    expect(most).to.equal(3);
    const cycles = recorded.map((one) => one.cycle).sort((a, b) => a - b);
    expect(cycles).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });

  it('begins no run that would have no time to test, but always tries one', async () => {
    const { recorded, deps } = campaignOf(() => passes(1), { leastMs: () => 60_000 });
    await runCampaign({ ...plan, budgetMs: 5_000 }, deps, never);
    expect(recorded).to.have.length(1);
  });

  it('begins no run whose processors are free too late', async () => {
    let late = false;
    const run = async () => {
      await delay(20);
      late = true;
      return 'PASS' as const;
    };
    const { recorded, deps } = campaignOf(run, { leastMs: () => (late ? 60_000 : 0) });
    await runCampaign({ ...plan, budgetMs: 5_000 }, deps, never);
    expect(recorded).to.have.length(1);
  });

  it('ends when it is interrupted, with the cut run recorded', async () => {
    const stop = new AbortController();
    const { recorded, deps } = campaignOf(() => passes(1), {
      run: async (item, _onStep, wait) => {
        await sleep(60_000, wait).catch(() => undefined);
        return verdict(item, 'PASS');
      },
    });
    const ended = runCampaign({ ...plan, budgetMs: 60_000 }, deps, stop.signal);
    await delay(30);
    stop.abort();
    expect(await ended).to.deep.equal({ kind: 'interrupted' });
    expect(recorded).to.have.length(1);
  });

  it('records nothing of a run that counts for nothing', async () => {
    let runs = 0;
    const { recorded, deps } = campaignOf(() => passes(1), {
      run: async (item) => {
        runs += 1;
        await delay(20);
        return runs % 2 === 0 ? null : verdict(item, 'PASS');
      },
    });
    await runCampaign(plan, deps, never);
    expect(runs).to.be.greaterThan(2);
    expect(recorded.every(({ cycle }) => cycle % 2 === 0)).to.equal(true);
  });

  it('tries a run that the lab has missed once more, and keeps both results', async () => {
    const { recorded, deps } = campaignOf(
      async ({ cycle, attempt }) => (cycle === 1 && attempt === 0 ? 'MISS' : 'PASS'),
      cycles(3),
    );
    await runCampaign({ processors: 1, budgetMs: 60_000, missPauseMs: 1 }, deps, never);
    const tries = recorded.filter(({ cycle }) => cycle === 1);
    expect(tries.map(({ attempt, outcome, seed }) => [attempt, outcome, seed])).to.deep.equal([
      [0, 'MISS', 1001],
      [1, 'PASS', 1001],
    ]);
  });

  it('tries no run a third time', async () => {
    const { recorded, deps } = campaignOf(
      async ({ cycle }) => (cycle === 0 ? 'MISS' : 'PASS'),
      cycles(3),
    );
    await runCampaign({ processors: 1, budgetMs: 60_000, missPauseMs: 1 }, deps, never);
    expect(recorded.filter(({ cycle }) => cycle === 0)).to.have.length(2);
    expect(recorded.some(({ cycle }) => cycle === 1)).to.equal(true);
  });

  it('gives up when the lab does nothing but miss', async () => {
    const { recorded, deps } = campaignOf(async () => 'MISS');
    const end = await runCampaign({ ...plan, budgetMs: 60_000, missPauseMs: 1 }, deps, never);
    expect(end.kind).to.equal('gave-up');
    expect(recorded).to.have.length(5);
  });

  it('begins nothing while there is no room for results', async () => {
    let room = false;
    const begun: boolean[] = [];
    const { deps } = campaignOf(
      async () => {
        begun.push(room);
        return await passes(10);
      },
      {
        room: async (wait) => {
          while (!room) await sleep(5, wait);
        },
      },
    );
    setTimeout(() => {
      room = true;
    }, 100);
    await runCampaign(plan, deps, never);
    expect(begun.length).to.be.greaterThan(0);
    expect(begun).to.not.include(false);
  });

  it('ends in time when there is never room for results', async () => {
    const { recorded, deps } = campaignOf(() => passes(1), {
      room: async (wait) => await sleep(60_000, wait),
    });
    expect(await runCampaign(plan, deps, never)).to.deep.equal({ kind: 'budget' });
    expect(recorded).to.have.length(0);
  });

  it('stops all runs when results cannot be kept', async () => {
    const { deps } = campaignOf(({ cycle }) => passes(cycle * 20), {
      record: async () => {
        throw new Error('the database is gone');
      },
    });
    const started = performance.now();
    const error = await runCampaign({ processors: 2, budgetMs: 30_000 }, deps, never).catch(
      (caught: unknown) => caught,
    );
    expect(error).to.be.an('error').with.property('message', 'the database is gone');
    expect(performance.now() - started).to.be.below(5_000);
  });
});
