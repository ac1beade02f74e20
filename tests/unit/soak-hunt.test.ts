// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import type { Scenario } from '../../lab/src/cli/hunt-scenario.ts';
import { huntsTable } from '../../lab/src/cli/hunt-text.ts';
import type { SimWorld } from '../../lab/src/run/world.ts';
import { type HuntedWorld, type HuntPlan, hunt } from '../../lab/src/soak/hunt.ts';
import type { HuntState } from '../../lab/src/soak/hunt-tally.ts';
import type { Outcome, Verdict } from '../../lab/src/verdict.ts';
import { threeRounds } from '../support/sim-world.ts';

const plan: HuntPlan = { seed: 1, workers: 1, budgetMs: 60_000, enough: () => false };
const forever = new AbortController().signal;

function ended(outcome: Outcome, reason: string): Verdict {
  const crashes =
    outcome === 'FAIL' ? [{ title: reason, type: 'BUG', frame: null, corrupted: false }] : [];
  return { outcome, reason, crashes, runId: `run of ${reason}` } as unknown as Verdict;
}

type Answer = (
  world: SimWorld,
  nth: number,
  call: number,
) => Partial<HuntedWorld> & { readonly verdict: Verdict };

/** A hunt whose worlds do as `answer` says, the same each time; the worlds that were run. */
async function hunted(changes: Partial<HuntPlan>, answer: Answer, signal = forever) {
  const worlds: SimWorld[] = [];
  let calls = 0;
  const deps = {
    draw: (seed: number) => ({ ...threeRounds, seed }),
    run: async (world: SimWorld) => {
      calls += 1;
      if (!worlds.includes(world)) worlds.push(world);
      await new Promise(setImmediate);
      return {
        virtualNs: 1e9,
        reachedNew: false,
        fingerprint: 'a',
        ...answer(world, worlds.length, calls),
      };
    },
    observer: () => undefined,
  };
  const state = await hunt({ ...plan, ...changes }, deps, signal);
  return { state, worlds, calls };
}

const passes = { verdict: ended('PASS', 'workload finished') };

describe('a hunt', () => {
  it('ends with the first crash when it was sent for one', async () => {
    const { state, worlds, calls } = await hunted({ enough: () => true }, (_, nth) =>
      nth === 4 ? { verdict: ended('FAIL', 'BUG in x') } : passes,
    );
    expect(worlds).to.have.length(4);
    expect(calls, 'runs, and one again').to.equal(5);
    expect(state.crashes).to.have.length(1);
    expect(state.crashes[0]).to.include({ title: 'BUG in x', afterRuns: 4, runs: 1 });
  });

  it('says whether what it has found comes back', async () => {
    const again = async (fingerprint: (call: number) => string) => {
      const { state } = await hunted({ enough: () => true }, (_world, _nth, call) => ({
        verdict: ended('FAIL', 'BUG in x'),
        fingerprint: fingerprint(call),
      }));
      return state.crashes[0]?.comesBack;
    };
    expect(await again(() => 'the same')).to.equal(true);
    expect(await again(String)).to.equal(false);
  });

  it('looks whether a crash comes back when its time is over, but not when it is interrupted', async () => {
    const found = { verdict: ended('FAIL', 'BUG in x') };
    const late = await hunted({ budgetMs: 20 }, (_world, _nth, call) => {
      const until = performance.now() + 30;
      while (call === 2 && performance.now() < until);
      return found;
    });
    expect(late.state.crashes[0]?.comesBack).to.equal(true);
    const cut = new AbortController();
    const interrupted = await hunted(
      {},
      (_world, _nth, call) => {
        if (call === 2) cut.abort();
        return found;
      },
      cut.signal,
    );
    expect(interrupted.state.crashes[0]?.comesBack).to.equal(null);
  });

  it('goes on past other crashes when it was sent for a certain one', async () => {
    const { state, worlds } = await hunted(
      { enough: (title) => title === 'BUG in x' },
      (_, nth) => ({
        verdict: ended('FAIL', nth === 3 ? 'BUG in x' : 'BUG in y'),
      }),
    );
    expect(worlds).to.have.length(3);
    expect(state.crashes.map(({ title }) => title)).to.deep.equal(['BUG in y', 'BUG in x']);
  });

  it('counts how often each crash comes, and keeps the first run of it', async () => {
    const cut = new AbortController();
    const { state } = await hunted(
      {},
      (_, nth) => {
        if (nth === 7) cut.abort();
        return nth % 2 === 0 ? { verdict: ended('FAIL', `BUG ${nth % 4}`) } : passes;
      },
      cut.signal,
    );
    expect(state.runs).to.equal(6);
    expect(
      state.crashes.map(({ title, runs, afterRuns }) => [title, runs, afterRuns]),
    ).to.deep.equal([
      ['BUG 2', 2, 2],
      ['BUG 0', 1, 4],
    ]);
  });

  it('ends when its time is over', async () => {
    const { state } = await hunted({ budgetMs: 30, workers: 2 }, () => passes);
    expect(state.runs).to.be.greaterThan(0);
    expect(state.wallMs).to.be.lessThan(5_000);
  });

  it('ends after five runs in a row that tested nothing, and says why', async () => {
    const { state, worlds } = await hunted({}, () => ({ verdict: ended('MISS', 'no guest') }));
    expect(worlds).to.have.length(5);
    expect([...state.fruitless]).to.deep.equal([['no guest', 5]]);
  });

  it('fails when there is no place for results', async () => {
    const failed = await hunted({ workers: 2 }, () => {
      throw new Error('the disk is full');
    }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(failed)).to.contain('the disk is full');
  });

  it('runs the same worlds for the same seed', async () => {
    const seeds = async (seed: number) => {
      const { worlds } = await hunted({ seed, enough: () => true }, (_, nth) =>
        nth === 5 ? { verdict: ended('FAIL', 'BUG in x') } : passes,
      );
      return worlds.map((world) => world.seed);
    };
    expect(await seeds(3)).to.deep.equal(await seeds(3));
    expect(await seeds(3)).to.not.deep.equal(await seeds(4));
  });

  it('makes worlds from those that reached something new', async () => {
    const cut = new AbortController();
    const special = { policy: 'fair' } as const;
    const draw = (seed: number): SimWorld => ({ ...threeRounds, seed });
    let runs = 0;
    const kept: SimWorld[] = [];
    const state = await hunt(
      plan,
      {
        // Only the first drawn world has this schedule: others with it were made from it.
        draw: (seed) => (runs === 0 ? { ...draw(seed), schedule: special } : draw(seed)),
        run: async (world) => {
          runs += 1;
          if (world.schedule.policy === 'fair') kept.push(world);
          if (runs === 40) cut.abort();
          await new Promise(setImmediate);
          return { ...passes, virtualNs: 1, fingerprint: 'a', reachedNew: runs === 1 };
        },
        observer: () => undefined,
      },
      cut.signal,
    );
    expect(state.kept).to.equal(1);
    expect(kept.length).to.be.within(8, 32);
  });
});

describe('the table of several hunts', () => {
  it('does not say that there was no crash where no run has ended', () => {
    const state = {
      runs: 0,
      wallMs: 61_000,
      virtualNs: 0,
      fruitless: new Map(),
      crashes: [],
      kept: 0,
    };
    const of = (defect: string, changes: Partial<HuntState>) => ({
      scenario: {
        draft: { driver: { defect }, schedule: { policy: 'pct' } },
      } as unknown as Scenario,
      hunted: { state: { ...state, ...changes } },
    });
    const crash = {
      title: 'KASAN: x',
      runId: 'r1',
      seed: 1,
      afterRuns: 1,
      afterMs: 5_000,
      runs: 1,
    };
    const lines = huntsTable([
      of('timer-uaf', {}),
      of('work-uaf', { runs: 1, crashes: [{ ...crash, comesBack: true }] }),
    ]).split('\n');
    expect(lines[1]).to.match(/^timer-uaf +pct +no run ended in that time: .* 0 runs, 1:01/);
    expect(lines[2]).to.match(/^work-uaf +pct +KASAN: x +1 run, 0:05 +yes/);
  });
});
