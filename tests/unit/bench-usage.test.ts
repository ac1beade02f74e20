// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { startFerrolab } from '../support/ferrolab.ts';

describe('lab bench', function () {
  this.timeout(60_000);

  for (const bench of ['nic', 'drivers']) {
    it(`shows an example in the help of ${bench}`, async () => {
      const { exitCode, stdout } = await startFerrolab(['bench', bench, '--help']);
      expect(exitCode).to.equal(0);
      expect(stdout).to.match(new RegExp(`Example:\\n {2}ferrolab bench ${bench} `));
    });
  }

  const mistakes = [
    [['nic', '--nics', 'e1000e,rtl8139'], /unknown NIC 'rtl8139'.*\n.*virtio-net/],
    [['nic', '--threads', '3'], /--threads 3 .*\n.*from 1 to 2/],
    [['drivers', '--packets', '0'], /--packets 0/],
    [['drivers', '--accel', 'xen'], /unknown accelerator 'xen'/],
  ] as const;
  for (const [args, complaint] of mistakes) {
    it(`refuses ${args.join(' ')} before it builds or boots anything`, async () => {
      const { exitCode, stdout, stderr } = await startFerrolab(['bench', ...args]);
      expect(exitCode).to.equal(2);
      expect(stdout).to.equal('');
      expect(stderr).to.match(complaint);
    });
  }
});
