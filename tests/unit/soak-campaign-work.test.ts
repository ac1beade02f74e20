// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import type { CampaignRecord, CampaignSubject } from '../../lab/src/campaign-record.ts';
import { CampaignCycles } from '../../lab/src/soak/campaign-cycles.ts';
import { CampaignWork, type DoneRun } from '../../lab/src/soak/campaign-work.ts';

function subject(driver: string, mode: string, share: number): CampaignSubject {
  return {
    cell: {
      target: 'ferronic',
      driver,
      defect: null,
      kernel: 'fast',
      mode,
      accel: 'tcg',
      profile: 'usual',
    },
    driverName: driver,
    workloads: ['churn', 'rings'],
    share,
    artifacts: { qemu: '', kernel: '', initramfs: '', driver: '' },
    configuration: '',
  };
}

function record(canary: CampaignSubject | null = null): CampaignRecord {
  return {
    version: 1,
    id: 'nightly-1',
    name: 'nightly',
    host: 'here',
    seed: 7,
    startedAt: '2026-11-22T00:00:00.000Z',
    budgetMs: 1,
    until: null,
    subjects: [
      subject('rust', 'sim', 2),
      subject('rust', 'live', 1),
      subject('c', 'sim', 1),
      subject('c', 'live', 1),
    ],
    canary,
    goal: null,
  };
}

const passed = (cycle: number, canary = false): DoneRun => ({
  cycle,
  attempt: 0,
  canary,
  outcome: 'PASS',
});

describe('the cycles of a campaign', () => {
  const cycles = Array.from({ length: 400 }, (_, index) => index);

  it('are the same whoever asks, in whatever order', () => {
    const one = new CampaignCycles(record());
    const other = new CampaignCycles(record());
    const backwards = [...cycles].reverse().map((index) => other.at(index));
    expect(cycles.map((index) => one.at(index))).to.deep.equal(backwards.reverse());
  });

  it('are shared among the cells by their weights', () => {
    const all = new CampaignCycles(record());
    const counts = new Map<string, number>();
    for (const index of cycles) {
      const { driver, mode } = all.at(index).subject.cell;
      counts.set(`${driver} ${mode}`, (counts.get(`${driver} ${mode}`) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).to.deep.equal({
      'rust sim': 160,
      'rust live': 80,
      'c sim': 80,
      'c live': 80,
    });
  });

  it('change the mode seldom', () => {
    const all = new CampaignCycles(record());
    const modes = cycles.map((index) => all.at(index).subject.cell.mode);
    const changes = modes.filter((mode, index) => index > 0 && mode !== modes[index - 1]);
    expect(changes.length).to.be.within(1, cycles.length / 8);
  });

  it('give each cell its workloads in turn, and each run a seed of its own', () => {
    const all = new CampaignCycles(record());
    const drawn = cycles.map((index) => all.at(index));
    expect(new Set(drawn.map(({ seed }) => seed)).size).to.equal(cycles.length);
    const own = drawn.filter(({ subject: { cell } }) => cell.driver === 'c' && cell.mode === 'sim');
    expect(own.slice(0, 4).map(({ workload }) => workload)).to.deep.equal([
      'churn',
      'rings',
      'churn',
      'rings',
    ]);
  });
});

describe('the work of a campaign', () => {
  it('begins where an earlier lab was killed, and leaves no cycle out', () => {
    const work = new CampaignWork(record(), [passed(0), passed(1), passed(3)]);
    expect([work.next(0), work.next(0), work.next(0)].map(({ cycle }) => cycle)).to.deep.equal([
      2, 4, 5,
    ]);
  });

  it('does not do again what was tried twice, and tries once more what was missed', () => {
    const miss = (cycle: number, attempt: number): DoneRun => ({
      ...passed(cycle),
      attempt,
      outcome: 'MISS',
    });
    const work = new CampaignWork(record(), [miss(0, 0), miss(1, 0), miss(1, 1)]);
    const [first, second] = [work.next(0), work.next(0)];
    expect([first.cycle, first.attempt]).to.deep.equal([0, 1]);
    expect([second.cycle, second.attempt]).to.deep.equal([2, 0]);
  });

  it('tries to catch the canary at once, and again later until it is caught', () => {
    const work = new CampaignWork(record(subject('broken', 'live', 1)), []);
    const kinds = (used: number) => {
      const { canary, cycle } = work.next(used);
      return `${canary ? 'canary' : 'cycle'} ${cycle}`;
    };
    expect([kinds(0), kinds(0), kinds(0.1)]).to.deep.equal(['canary 0', 'cycle 0', 'cycle 1']);
    work.note(passed(0, true));
    expect([kinds(0.25), kinds(0.25)]).to.deep.equal(['canary 1', 'cycle 2']);
    work.note({ ...passed(1, true), outcome: 'FAIL' });
    expect(kinds(0.9)).to.equal('cycle 3');
  });

  it('does not take a run of the canary for one of the cycles', () => {
    const work = new CampaignWork(record(subject('broken', 'live', 1)), [passed(0, true)]);
    const next = work.next(0);
    expect([next.canary, next.cycle]).to.deep.equal([false, 0]);
  });
});
