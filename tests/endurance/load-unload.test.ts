// SPDX-License-Identifier: Apache-2.0
// FERROLAB_CYCLES=1000 npx mocha tests/endurance/load-unload.test.ts
// Both drivers at the same time, a card each: modules come and go on one CPU while they do on the other.

import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import {
  bothDrivers,
  countOf,
  type EnduranceGuest,
  endures,
  type Module,
  pciId,
} from '../support/endurance-guest.ts';

const cycles = countOf('FERROLAB_CYCLES', 3);
/** In one command to the guest; a stretch ends with packets that pass. */
const stretch = 25;
const cycleMs = 30_000;

/** Loads a driver, binds it, opens the interface and unloads the driver under it, some times. */
async function reload(guest: EnduranceGuest, module: Module, device: string, times: number) {
  await guest.guest.run(
    `loading and unloading ${module}`,
    `m=${module} p=/sys/bus/pci/drivers/${module} i=0
while [ $i -lt ${times} ]; do
	insmod /lib/modules/ferrolab/$m.ko || exit 1
	echo ${device} >$p/bind || exit 1
	for l in $p/${device}/net/*; do echo 0x1003 >$l/flags || exit 1; done
	rmmod $m || exit 1
	i=$((i + 1))
done`,
    times * cycleMs,
  );
}

describe('both drivers, loaded and unloaded', function () {
  this.timeout(300_000 + cycles * cycleMs);

  it(`move packets after ${cycles} times, and leave nothing behind`, async () => {
    const modules = bothDrivers.map(([, module]) => module);
    await endures('load and unload, each', modules, async (guest) => {
      // Joins the cards for the first time, which is more than to join them again.
      for (const module of modules) await guest.bring(module);
      await guest.leave();
      const drivers = await Promise.all(
        modules.map((module) => GuestDriver.find(guest.guest, module, pciId)),
      );
      const [last] = drivers;
      if (last === undefined) throw new Error('there are no drivers');
      for (let done = 0, turn = 0; done < cycles; done += stretch, turn += 1) {
        const times = Math.min(stretch, cycles - done);
        await Promise.all(
          modules.map((module, index) =>
            reload(guest, module, last.device((index + turn) % 2), times),
          ),
        );
        // One of them on both cards, in turn.
        const driver = drivers[turn % 2] ?? last;
        await driver.restore();
        if (done + times < cycles) await driver.leave('rmmod');
        guest.tells(`${done + times} of ${cycles} cycles`);
      }
      await guest.leave();
      await last.restore();
      return { context: guest.context(last), figures: { cycles } };
    });
  });
});
