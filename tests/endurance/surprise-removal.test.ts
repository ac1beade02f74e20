// SPDX-License-Identifier: Apache-2.0
// FERROLAB_CYCLES=200 npx mocha tests/endurance/surprise-removal.test.ts

import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import {
  drawSurpriseRemoval,
  surpriseRemoval,
} from '../../lab/src/run/workloads/surprise-removal.ts';
import { bothDrivers, countOf, endures } from '../support/endurance-guest.ts';

const cycles = countOf('FERROLAB_CYCLES', 1);

for (const [driver, module] of bothDrivers) {
  describe(`the ${driver} driver, its cards pulled out under traffic`, function () {
    this.timeout(300_000 + cycles * 30_000);

    it(`works again with the card that comes back, ${cycles} times`, async () => {
      await endures('surprise removal', [module], async (guest) => {
        const context = await guest.bring(module);
        guest.pullsCards();
        const random = new SeededRandom(1);
        for (let done = 0; done < cycles; done += 1) {
          await surpriseRemoval(drawSurpriseRemoval(random), context);
          guest.tells(`${done + 1} of ${cycles} removals`);
        }
        return { context, figures: { removals: cycles } };
      });
    });
  });
}
