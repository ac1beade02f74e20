// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { minimizeWorld, type Trial } from '../../lab/src/minimize/minimize-world.ts';
import type { SimWorld } from '../../lab/src/run/world.ts';
import { plannedFlap, threeRounds } from '../support/sim-world.ts';

const crashesAt = 5_000_000_000;
const endsAtNs = 10_400_000;

type Crash = (world: SimWorld) => string | null;

async function minimized(crash: Crash, signal = new AbortController().signal) {
  const tried: SimWorld[] = [];
  const switches = [100, 200, 300, 400].map((at) => ({ at, cpu: 1, next: 'ffffffff81000000' }));
  const run = async (world: SimWorld, recordSwitches: boolean): Promise<Trial> => {
    tried.push(world);
    const title = crash(world);
    const trial = { runId: `run-${tried.length}`, title, reason: title ?? 'workload finished' };
    return { ...trial, virtualNs: endsAtNs, loads: [], ...(recordSwitches ? { switches } : {}) };
  };
  const locate = async () => crashesAt;
  const deps = { run, locate, observer: () => undefined, workers: 1, seeds: 3 };
  return { found: await minimizeWorld(threeRounds, deps, signal), tried };
}

const flaps = ({ plan }: SimWorld) => plan.map(({ at }) => at.ns);

describe('a world that crashes', () => {
  it('becomes one with the fault and the step that matter', async () => {
    const { found } = await minimized((tried) => (flaps(tried).includes(2) ? 'BUG in x' : null));
    expect(found.title).to.equal('BUG in x');
    expect(found.finished).to.equal(true);
    expect(found.world.plan).to.deep.equal([plannedFlap(0, 2)]);
    const { rounds, atEnd } = found.world.workload.params;
    expect(rounds).to.deep.equal([{ steps: [{ step: 'traffic', trafficMs: 1_000 }] }]);
    expect(atEnd).to.deep.equal([]);
    expect(found.world.schedule).to.deep.equal({ policy: 'fair' });
  });

  it('begins no round after its crash', async () => {
    const crash: Crash = ({ workload }) => (workload.params.churnMs >= 11 ? 'BUG in x' : null);
    const { found } = await minimized(crash);
    expect(threeRounds.workload.params.churnMs).to.be.above(11);
    expect(found.world.workload.params.churnMs).to.equal(11);
  });

  it('does not become one with another crash, and the other one is told', async () => {
    const { found } = await minimized(({ plan }) => (plan.length < 2 ? 'BUG in y' : 'BUG in x'));
    expect(found.world.plan).to.have.length(2);
    expect(found.title).to.equal('BUG in x');
    expect([...found.others.keys()]).to.deep.equal(['BUG in y']);
  });

  it('is tried with other seeds when its crash depends on the schedule', async () => {
    const crash: Crash = ({ schedule, seed, plan }) => {
      if (schedule.policy !== 'random') return null;
      return seed === (plan.length === 3 ? 7 : 9) ? 'BUG in x' : null;
    };
    const { found } = await minimized(crash);
    expect(found.world.plan).to.deep.equal([]);
    expect(found.world.seed).to.equal(9);
    expect(found.world.schedule.policy).to.equal('random');
  });

  it('has turns out of order only as long before its crash as it needs them', async () => {
    const crash: Crash = ({ schedule }) =>
      schedule.policy === 'random' && (schedule.from ?? 0) < crashesAt - 500_000
        ? 'BUG in x'
        : null;
    const { found } = await minimized(crash);
    expect(found.world.schedule).to.deep.include({ policy: 'random', from: crashesAt - 1_000_000 });
  });

  it('has its turns in their order when what is left of it crashes with them', async () => {
    const crash: Crash = ({ schedule, plan, workload }) => {
      const steps = workload.params.rounds.flatMap((round) => round.steps);
      if (schedule.policy === 'fair') return plan.length === 0 ? 'BUG in x' : null;
      return steps.length >= 3 ? 'BUG in x' : null;
    };
    const { found } = await minimized(crash);
    expect(found.world.schedule).to.deep.equal({ policy: 'fair' });
    expect(found.world.plan).to.deep.equal([]);
    expect(found.world.workload.params.rounds.flatMap(({ steps }) => steps)).to.deep.equal([]);
  });

  it('ends with the switches that its crash needs', async () => {
    const crash: Crash = ({ schedule }) => {
      if (schedule.policy === 'fair') return null;
      if (schedule.policy !== 'list') return 'BUG in x';
      const at = schedule.turns.map(([position]) => position);
      return at.includes(200) && at.includes(400) ? 'BUG in x' : null;
    };
    const { found } = await minimized(crash);
    expect(found.world.schedule).to.deep.equal({
      policy: 'list',
      turns: [
        [200, 1],
        [400, 1],
      ],
    });
    expect(found.switches.map(({ at }) => at)).to.deep.equal([200, 400]);
  });

  it('stays what it is as far as the search came, when that is cut short', async () => {
    const cut = new AbortController();
    let runs = 0;
    const { found } = await minimized((tried) => {
      runs += 1;
      if (runs === 7) cut.abort();
      return flaps(tried).includes(2) ? 'BUG in x' : null;
    }, cut.signal);
    expect(found.finished).to.equal(false);
    expect(found.world.plan.length).to.be.lessThan(3);
    expect(flaps(found.world)).to.include(2);
  });

  it('is refused when it does not crash', async () => {
    const refused = await minimized(() => null).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(refused)).to.contain('this world does not crash: workload finished');
  });
});
