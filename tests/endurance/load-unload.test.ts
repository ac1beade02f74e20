// SPDX-License-Identifier: Apache-2.0
// FERROLAB_CYCLES=1000 npx mocha tests/endurance/load-unload.test.ts

import { runScript } from '../../lab/src/run/workloads/guest-script.ts';
import type { StepContext } from '../../lab/src/run/workloads/step-context.ts';
import { bothDrivers, countOf, endures } from '../support/endurance-guest.ts';

const cycles = countOf('FERROLAB_CYCLES', 4);
/** In one command to the guest; a stretch ends with packets that pass. */
const stretch = 10;

/** Unloads the driver under an open interface, loads it, binds it and opens both interfaces. */
async function reload(times: number, context: StepContext): Promise<void> {
  const devices = [0, 1].map((index) => context.driver.device(index)).join(' ');
  await runScript(
    context,
    'unloading and loading the driver',
    `i=0; while [ $i -lt ${times} ]; do
	must 'unloading' rmmod $m
	must 'loading' insmod /lib/modules/ferrolab/$m.ko
	for d in ${devices}; do
		must 'binding' sh -c "echo $d >$p/bind"
		for l in $p/$d/net/*; do must 'opening' sh -c "echo 0x1003 >$l/flags"; done
	done
	i=$((i + 1))
done`,
  );
  await context.driver.restore();
}

for (const [driver, module] of bothDrivers) {
  describe(`the ${driver} driver, loaded and unloaded`, function () {
    this.timeout(300_000 + cycles * 20_000);

    it(`moves packets after ${cycles} times, and leaves nothing behind`, async () => {
      await endures('load and unload', [module], async (guest) => {
        const context = await guest.bring(module);
        for (let done = 0; done < cycles; done += stretch) {
          await reload(Math.min(stretch, cycles - done), context);
        }
        return { context, figures: { cycles } };
      });
    });
  });
}
