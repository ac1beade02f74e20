// SPDX-License-Identifier: Apache-2.0
// A debug kernel runs the KUnit cases of a module when it is loaded, and prints the results as KTAP.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { gatherBootInputs } from '../../lab/src/cli/boot-inputs.ts';
import { bootVm, loadDriver } from '../../lab/src/run/boot-sequence.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';
import { type KtapSuite, ktapSuites } from '../support/ktap.ts';

const drivers = [
  { own: 'rust', module: 'ferronic', suite: 'ferronic_ring', prefix: '' },
  { own: 'c', module: 'ferronic_c', suite: 'ferronic_c_ring', prefix: 'ferronic_test_' },
] as const;

function within(ms: number): Wait {
  return { signal: new AbortController().signal, deadline: Deadline.after(ms) };
}

/** Suites that the kernel has run because the driver was loaded. */
async function suitesOf(driver: (typeof drivers)[number]): Promise<readonly KtapSuite[]> {
  const runDir = mkdtempSync(join(tmpdir(), 'ferrolab-kunit-'));
  try {
    const progress = new StreamProgress(process.stderr);
    const options = { wait: { ...within(0), deadline: Deadline.never }, progress };
    const { qemu, kernel, initramfs, credentials } = await gatherBootInputs(
      'debug',
      driver.own,
      options,
    ).finally(() => progress.close());
    await using booted = await bootVm(
      {
        ...{ cpus: 2, memoryMiB: 512, accel: 'tcg', append: [] },
        ...{ kernel, initramfs, nics: linkedPair('ferronic'), qemu, runDir },
      },
      credentials,
      within(300_000),
    );
    const log = async (): Promise<string> => {
      const result = await booted.ssh.exec('dmesg', within(30_000));
      return result.kind === 'exited' ? result.stdout : '';
    };
    const before = ktapSuites(await log()).length;
    await loadDriver(booted, driver.module, within(120_000));
    return ktapSuites(await log()).slice(before);
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

describe('the KUnit tests of the drivers', function () {
  this.timeout(600_000);
  const cases = new Map<string, readonly string[]>();

  for (const driver of drivers) {
    it(`all pass when the ${driver.own} driver is loaded into the debug kernel`, async () => {
      const suites = await suitesOf(driver);
      expect(suites.map(({ name }) => name)).to.include(driver.suite);
      for (const { name, planned, results } of suites) {
        expect(results, `cases of ${name}`).to.have.length(planned);
        for (const one of results) expect(one.outcome, `${name}: ${one.name}`).to.equal('ok');
      }
      const own = suites.find(({ name }) => name === driver.suite)?.results ?? [];
      cases.set(
        driver.own,
        own.map(({ name }) => name.replace(driver.prefix, '')),
      );
    });
  }

  it('are the same cases for the rings of both', () => {
    expect(cases.get('rust')).to.have.length.above(8);
    expect(cases.get('rust')).to.deep.equal(cases.get('c'));
  });
});
