// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { sleep } from 'qemu-ipc/wait';
import { emptyTally } from '../../lab/src/fault-tally.ts';
import { deriveSeed } from '../../lab/src/faults/seeded-random.ts';
import type { World } from '../../lab/src/run/world.ts';
import { type CampaignDeps, type CampaignPlan, runCampaign } from '../../lab/src/soak/campaign.ts';
import type { Outcome, Verdict } from '../../lab/src/verdict.ts';

const plan: CampaignPlan = { id: 'c', seed: 9, workers: 1, budgetMs: 300, expectedBootMs: -6_000 };
const never = new AbortController().signal;

function verdict(cycle: number, seed: number, outcome: Outcome): Verdict {
  return {
    version: 1,
    runId: `r${cycle}`,
    campaignId: 'c',
    cycle,
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

function campaignOf(
  run: (cycle: number) => Promise<Outcome>,
  record?: (one: Verdict) => Promise<void>,
) {
  const recorded: Verdict[] = [];
  const deps: CampaignDeps = {
    draw: (seed) => ({ seed }) as World,
    run: async (world, cycle) => verdict(cycle, world.seed, await run(cycle)),
    record: record ?? (async (one) => void recorded.push(one)),
    observer: { runStarted: () => undefined, runStep: () => undefined, runEnded: () => undefined },
  };
  return { recorded, deps };
}

describe('a campaign', () => {
  it('gives cycle after cycle its own seed until the budget is used up', async () => {
    const { recorded, deps } = campaignOf(async () => {
      await delay(40);
      return 'PASS';
    });
    await runCampaign(plan, deps, never);
    expect(recorded.length).to.be.within(3, 8);
    expect(recorded.map(({ seed }) => seed)).to.deep.equal(
      recorded.map((_, cycle) => deriveSeed(9, cycle)),
    );
  });

  it('records each verdict before it starts the next run', async () => {
    const order: string[] = [];
    const { deps } = campaignOf(
      async (cycle) => {
        order.push(`run ${cycle}`);
        await delay(50);
        return 'PASS';
      },
      async ({ cycle }) => {
        await delay(30);
        order.push(`recorded ${cycle}`);
      },
    );
    await runCampaign(plan, deps, never);
    expect(order.slice(0, 4)).to.deep.equal(['run 0', 'recorded 0', 'run 1', 'recorded 1']);
  });

  it('shares the cycles among its workers, none of them twice', async () => {
    let running = 0;
    let most = 0;
    const { recorded, deps } = campaignOf(async () => {
      running += 1;
      most = Math.max(most, running);
      await delay(50);
      running -= 1;
      return 'PASS';
    });
    await runCampaign({ ...plan, workers: 3 }, deps, never);
    expect(most).to.equal(3);
    const cycles = recorded.map(({ cycle }) => cycle).sort((a, b) => a - b);
    expect(cycles).to.deep.equal(cycles.map((_, index) => index));
  });

  it('begins no run that would have no time to test, but always tries one', async () => {
    const { recorded, deps } = campaignOf(async () => 'PASS');
    await runCampaign({ ...plan, budgetMs: 5_000, expectedBootMs: 60_000 }, deps, never);
    expect(recorded).to.have.length(1);
  });

  it('ends when it is interrupted, with the cut run recorded', async () => {
    const stop = new AbortController();
    const { recorded, deps } = campaignOf(async () => 'PASS');
    const cut: CampaignDeps = {
      ...deps,
      run: async (world, cycle, _onStep, wait) => {
        await sleep(60_000, wait).catch(() => undefined);
        return verdict(cycle, world.seed, 'PASS');
      },
    };
    const ended = runCampaign({ ...plan, budgetMs: 60_000 }, cut, stop.signal);
    await delay(30);
    stop.abort();
    expect(await ended).to.deep.equal({ kind: 'interrupted' });
    expect(recorded).to.have.length(1);
  });

  it('gives up when the lab does nothing but miss', async () => {
    const { recorded, deps } = campaignOf(async () => 'MISS');
    const end = await runCampaign({ ...plan, budgetMs: 60_000, missPauseMs: 1 }, deps, never);
    expect(end.kind).to.equal('gave-up');
    expect(recorded).to.have.length(5);
  });

  it('stops all workers when results cannot be kept', async () => {
    const { deps } = campaignOf(
      async (cycle) => {
        await delay(cycle * 20);
        return 'PASS';
      },
      async () => {
        throw new Error('disk full');
      },
    );
    const started = performance.now();
    const error = await runCampaign({ ...plan, workers: 2, budgetMs: 30_000 }, deps, never).catch(
      (caught: unknown) => caught,
    );
    expect(error).to.be.an('error').with.property('message', 'disk full');
    expect(performance.now() - started).to.be.below(5_000);
  });
});
