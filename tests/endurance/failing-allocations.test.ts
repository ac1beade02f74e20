// SPDX-License-Identifier: Apache-2.0
// FERROLAB_SITES=100000 npx mocha tests/endurance/failing-allocations.test.ts
// Every allocation of probe and open fails once, and every one that packets make.

import { expect } from 'chai';
import { ownAddress, peerAddress } from '../../lab/src/run/guest-driver.ts';
import { AllocationSites, type Coverage } from '../support/allocation-sites.ts';
import { bothDrivers, countOf, endures } from '../support/endurance-guest.ts';

/** Sites of a step at which allocations are failed, at most. */
const most = countOf('FERROLAB_SITES', 2);

/** Both ways, small packets and such as need several; the rings' caches of pages run dry meanwhile. */
const traffic = `
ping -q -f -w 2 -s 1000 ${peerAddress} >/dev/null 2>&1 &
ip netns exec peer ping -q -f -w 2 -s 20000 ${ownAddress} >/dev/null 2>&1 &
wait`;

/** A call that allocates only when a cache is empty needs some patience. */
async function failsUnderTraffic(sites: AllocationSites, address: string): Promise<boolean> {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    if ((await sites.failUnderTraffic(address, traffic)) > 0) return true;
  }
  return false;
}

function told({ found, failed, once, allocations }: Coverage): string {
  const all = [...found].filter((site) => failed.has(site));
  const gone = once.size === 0 ? '' : `, ${once.size} never seen again`;
  return `${all.length} of ${found.size} (${allocations} allocations${gone})`;
}

for (const [driver, module] of bothDrivers) {
  describe(`the ${driver} driver, its allocations failing one after the other`, function () {
    this.timeout(7_200_000);

    it('refuses or goes on, leaks nothing, and moves packets afterwards', async () => {
      await endures('failing allocations', [module], async (guest) => {
        const context = await guest.bring(module);
        const sites = new AllocationSites(
          guest.guest,
          module,
          context.driver.device(0),
          (progress) => guest.tells(progress),
        );
        const inTraffic = [...(await sites.ofTraffic(traffic))].slice(0, most);
        let failedInTraffic = 0;
        for (const [call, address] of inTraffic) {
          const failed = await failsUnderTraffic(sites, address);
          guest.tells(`under traffic ${failed ? 'failed' : 'NOT failed'}: ${call}`);
          if (failed) failedInTraffic += 1;
        }
        await context.driver.provesTraffic();
        await guest.guest.run(
          'asking for small rings',
          `for l in /sys/bus/pci/drivers/${module}/*/net/*; do ethtool -G ${'$'}{l##*/} rx 64 tx 64; done`,
        );
        const open = await sites.sweep('open', most);
        guest.tells(`open ${told(open)}`);
        const probe = await sites.sweep('probe', most);
        guest.tells(`probe ${told(probe)}`);
        await context.driver.restore();
        for (const step of [probe, open]) {
          expect(step.allocations).to.be.above(0);
          if (step.complete) {
            const missing = [...step.found].filter((site) => !step.failed.has(site));
            expect(missing.filter((site) => !step.once.has(site))).to.deep.equal([]);
            expect(step.once.size, 'sites never seen again').to.be.at.most(step.found.size / 10);
          }
        }
        expect(failedInTraffic, 'sites under traffic').to.equal(inTraffic.length);
        const figures = {
          [`sites failed in probe`]: told(probe),
          [`in open`]: told(open),
          [`calls under traffic`]: `${failedInTraffic} of ${inTraffic.length}`,
        };
        return { context, figures };
      });
    });
  });
}
