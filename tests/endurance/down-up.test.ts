// SPDX-License-Identifier: Apache-2.0
// FERROLAB_CYCLES=1000 npx mocha tests/endurance/down-up.test.ts

import { upDown } from '../../lab/src/run/workloads/up-down.ts';
import { bothDrivers, countOf, endures } from '../support/endurance-guest.ts';

const cycles = countOf('FERROLAB_CYCLES', 5);
/** As many as surely fit into the ten seconds of traffic of one step. */
const stretch = 10;

for (const [driver, module] of bothDrivers) {
  describe(`the ${driver} driver, its interface down and up under traffic`, function () {
    this.timeout(300_000 + cycles * 10_000);

    it(`moves packets after ${cycles} times, and leaves nothing behind`, async () => {
      await endures('down and up under traffic', [module], async (guest) => {
        const context = await guest.bring(module);
        for (let done = 0; done < cycles; done += stretch) {
          await upDown({ step: 'up-down', times: Math.min(stretch, cycles - done) }, context);
          guest.tells(`${Math.min(done + stretch, cycles)} of ${cycles} cycles`);
        }
        return { context, figures: { cycles } };
      });
    });
  });
}
