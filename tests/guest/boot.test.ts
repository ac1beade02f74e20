// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ferrolabJson } from '../support/ferrolab.ts';

interface BootDocument {
  readonly driver: string;
  readonly kernel: string;
  readonly accel: string;
  readonly phasesMs: Readonly<Record<string, number>>;
  /** null without a driver. */
  readonly ping: {
    readonly sent: number;
    readonly received: number;
    readonly corrupt: number;
  } | null;
}

describe('lab boot', function () {
  this.timeout(240_000);

  for (const driver of ['rust', 'c'] as const) {
    it(`moves 10,000 packets through the ${driver} driver and loses none`, async () => {
      const { exitCode, document } = await ferrolabJson<BootDocument>(
        ['boot', '--driver', driver, '--once', '--ping', '10000'],
        { timeoutMs: 230_000 },
      );
      expect(exitCode).to.equal(0);
      expect(document).to.include({ driver, kernel: 'fast' });
      expect(document.ping).to.deep.equal({ sent: 10_000, received: 10_000, corrupt: 0 });
      expect(document.phasesMs).to.include.keys('qemuToSsh', 'qemuToPing', 'total');
    });
  }

  it('boots a guest without a driver when asked to', async () => {
    const { exitCode, document } = await ferrolabJson<BootDocument>(
      ['boot', '--driver', 'none', '--once'],
      { timeoutMs: 230_000 },
    );
    expect(exitCode).to.equal(0);
    expect(document.ping).to.equal(null);
  });
});
