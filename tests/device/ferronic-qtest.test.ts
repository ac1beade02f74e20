// SPDX-License-Identifier: Apache-2.0
// The device's own tests, written in C against QEMU's qtest (qemu-device/tests), each as a test here.

import { expect } from 'chai';
import { execa } from 'execa';
import { besideQemu } from '../support/qemu-command.ts';

async function qtest(...args: readonly string[]) {
  const [command, ...rest] = await besideQemu(
    'env',
    'QTEST_QEMU_BINARY=/lab/qemu/bin/qemu-system-x86_64',
    'G_TEST_DBUS_DAEMON=/bin/false',
    '/lab/qemu/tests/ferronic-test',
    ...args,
  );
  return execa(command, rest, { reject: false, all: true, timeout: 60_000 });
}

const listing = await qtest('-l');
const paths = listing.stdout
  .split('\n')
  .flatMap((line) => line.match(/^(?:# )?(\/.*)$/)?.[1] ?? [])
  // These have a file of their own.
  .filter((path) => !path.includes('/fuzz/'));

describe('the ferronic model in qtest', () => {
  it('has tests', () => {
    expect(listing.exitCode, listing.all).to.equal(0);
    expect(paths).not.to.deep.equal([]);
  });

  for (const path of paths) {
    it(path.split('/').slice(-1).join('').replaceAll('-', ' '), async () => {
      const result = await qtest('--tap', '-p', path);
      expect(result.exitCode, result.all).to.equal(0);
      expect(result.stdout).to.match(/^ok 1 /m);
    }).timeout(70_000);
  }
});
