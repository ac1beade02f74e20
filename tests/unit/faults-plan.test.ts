// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { type FaultType, usualFaultTypes } from '../../lab/src/config/fault-types.ts';
import { stormMessages } from '../../lab/src/faults/fault.ts';
import { generatePlan, type PlanShape } from '../../lab/src/faults/generate-plan.ts';
import { deriveSeed, SeededRandom } from '../../lab/src/faults/seeded-random.ts';

const shape: PlanShape = {
  rounds: 12,
  types: usualFaultTypes,
  nics: ['nic0', 'nic1'],
  vectors: 3,
  trafficMs: Array.from({ length: 12 }, () => 1_000),
};

function planOf(seed: number, types: readonly FaultType[] = usualFaultTypes) {
  return generatePlan(new SeededRandom(seed), { ...shape, types });
}

describe('seeded random numbers', () => {
  it('are the same for the same seed, also across versions of the lab', () => {
    const random = new SeededRandom(17);
    expect([1, 2, 3, 4].map(() => random.int(0, 999))).to.deep.equal([630, 800, 603, 789]);
  });

  it('stay within their limits, both included', () => {
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.int(3, 6)));
    expect([...seen].sort((a, b) => a - b)).to.deep.equal([3, 4, 5, 6]);
  });

  it('have a chance that is what was asked for', () => {
    const random = new SeededRandom(2);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length;
    expect(hits).to.be.within(2_800, 3_200);
  });

  it('give every cycle of a campaign a seed of its own', () => {
    const seeds = new Set(Array.from({ length: 1_000 }, (_, cycle) => deriveSeed(5, cycle)));
    expect(seeds.size).to.equal(1_000);
    expect(deriveSeed(5, 0)).not.to.equal(deriveSeed(6, 0));
  });
});

describe('a generated fault plan', () => {
  it('is the same for the same seed and another for another seed', () => {
    expect(planOf(1)).to.deep.equal(planOf(1));
    expect(planOf(1)).not.to.deep.equal(planOf(2));
  });

  it('has faults of all types, also in the first round, whatever the seed', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const types = new Set(planOf(seed).map(({ fault }) => fault.type));
      expect([...types].sort()).to.deep.equal([...usualFaultTypes].sort());
      const first = planOf(seed).filter(({ at }) => at.round === 0);
      expect(
        first.some(({ at, fault }) => at.phase === 'bind' && fault.type === 'alloc-failure'),
      ).to.equal(true);
      expect(
        first.some(({ at, fault }) => at.phase === 'unload' && fault.type === 'irq-storm'),
      ).to.equal(true);
    }
  });

  it('does not change the other faults when one type is left out', () => {
    const all = planOf(3).filter(({ fault }) => fault.type !== 'alloc-failure');
    expect(planOf(3, ['irq-storm', 'link-flap'])).to.deep.equal(all);
  });

  it('asks for too few interrupts in one round for the kernel to switch the line off', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      for (let round = 0; round < shape.rounds; round += 1) {
        const messages = planOf(seed)
          .filter(({ at }) => at.round === round)
          .map(({ fault }) => (fault.type === 'irq-storm' ? stormMessages(fault) : 0))
          .reduce((sum, count) => sum + count, 0);
        expect(messages).to.be.below(90_000);
      }
    }
  });

  it('lies in order of time within each step', () => {
    let last = { round: 0, phase: '', ns: 0 };
    for (const { at } of planOf(4)) {
      expect(at.round).to.be.at.least(last.round);
      if (at.round === last.round && at.phase === last.phase) {
        expect(at.ns).to.be.at.least(last.ns);
      }
      last = at;
    }
  });
});
