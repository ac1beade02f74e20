// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { parseWorld } from '../../lab/src/run/read-world.ts';
import { mutateWorld } from '../../lab/src/soak/mutate-world.ts';
import { plannedFlap, threeRounds } from '../support/sim-world.ts';

const fresh = { ...threeRounds, seed: 9, plan: [plannedFlap(0, 100), plannedFlap(2, 300)] };

describe('a world made from another one', () => {
  it('is a world, whatever was changed', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const made = mutateWorld(threeRounds, fresh, new SeededRandom(seed));
      expect(parseWorld(made, `seed ${seed}`)).to.deep.equal(made);
      for (const { at } of made.plan) {
        const steps = made.workload.params.rounds[at.round]?.steps ?? [];
        expect(steps.map(({ step }) => step)).to.include(at.phase);
        expect(at.ns).to.be.at.least(0);
      }
    }
  });

  it('is the same for the same random numbers, and differs from what it was made from', () => {
    const made = (seed: number) => mutateWorld(threeRounds, fresh, new SeededRandom(seed));
    const changed = Array.from({ length: 50 }, (_, seed) => JSON.stringify(made(seed)));
    expect(changed).to.deep.equal(
      Array.from({ length: 50 }, (_, seed) => JSON.stringify(made(seed))),
    );
    const same = changed.filter((text) => text === JSON.stringify(threeRounds));
    // Half of no more than three faults may be all of them.
    expect(same.length).to.be.lessThan(5);
  });

  it('keeps artifacts, machine and driver', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { artifacts, machine, driver } = mutateWorld(
        threeRounds,
        fresh,
        new SeededRandom(seed),
      );
      expect({ artifacts, machine, driver }).to.deep.equal({
        artifacts: threeRounds.artifacts,
        machine: threeRounds.machine,
        driver: threeRounds.driver,
      });
    }
  });
});
