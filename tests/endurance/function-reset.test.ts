// SPDX-License-Identifier: Apache-2.0
// FERROLAB_CYCLES=200 npx mocha tests/endurance/function-reset.test.ts

import { resetFunction } from '../../lab/src/run/workloads/reset-function.ts';
import { bothDrivers, countOf, endures } from '../support/endurance-guest.ts';

const cycles = countOf('FERROLAB_CYCLES', 4);
const stretch = 4;

for (const [driver, module] of bothDrivers) {
  describe(`the ${driver} driver, its function reset under traffic`, function () {
    this.timeout(300_000 + cycles * 20_000);

    it(`moves packets after ${cycles} times, and leaves nothing behind`, async () => {
      await endures('function-level reset under traffic', [module], async (guest) => {
        const context = await guest.bring(module);
        for (let done = 0; done < cycles; done += stretch) {
          const times = Math.min(stretch, cycles - done);
          // The card on this side of the link, and the other one.
          const device = (done / stretch) % 2;
          await resetFunction({ step: 'reset-function', device, times }, context);
          guest.tells(`${Math.min(done + stretch, cycles)} of ${cycles} resets`);
        }
        return { context, figures: { resets: cycles } };
      });
    });
  });
}
