// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { startFerrolab } from '../support/ferrolab.ts';

describe('the command line', function () {
  this.timeout(60_000);

  const mistakes: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['boot', '--driver', 'fortran'], /rust.*c.*none/s],
    [['boot', '--kernel', 'slow'], /fast.*debug/s],
    [['boot', '--accel', 'hvf'], /kvm.*tcg/s],
    [['soak', '--driver', 'fortran'], /rust.*c|c.*rust/s],
    [['soak', '--driver', 'c', '--defect', 'none-such'], /probe-alloc-unchecked.*work-uaf/s],
    [['soak', '--kernel', 'slow'], /fast.*debug/s],
    [['soak', '--minutes', 'many'], /minutes/],
    [['defects', '--only', 'none-such'], /probe-alloc-unchecked.*work-uaf/s],
    [['defects', '--driver', 'fortran'], /rust.*c/s],
    [['defects', '--minutes', '-1'], /minutes/],
    [['defects', '--from', '/no/such/folder'], /no folder/],
    [['build', 'no-such-artifact'], /kernel-fast/],
    [['hunt', '--policy', 'lottery'], /fair.*random.*pct/s],
    [['hunt', '--minutes', '0'], /minutes/],
    [['report', '--html', '/no/such/folder/x.html'], /no folder/],
    [['report', '--html', '-', '--json'], /stdout takes one/],
    [['run', '/no/such/world.json'], /cannot be read/],
    [['repro', 'no-such-run'], /no run 'no-such-run'/],
    [['store', 'merge', '/no/such/folder'], /no runs/],
    [['no-such-verb'], /boot.*soak|unknown command/s],
  ];

  for (const [args, said] of mistakes) {
    it(`answers "${args.join(' ')}" with exit status 2 and what there is`, async () => {
      const { exitCode, stderr, stdout } = await startFerrolab(args);
      expect(stderr).to.match(said);
      expect(stdout).to.equal('');
      expect(exitCode).to.equal(2);
    });
  }

  for (const verb of [
    'boot',
    'build',
    'console',
    'defects',
    'doctor',
    'hunt',
    'report',
    'repro',
    'run',
    'soak',
    'store',
  ]) {
    it(`shows an example in the help of ${verb}`, async () => {
      const { exitCode, stdout } = await startFerrolab([verb, '--help']);
      expect(exitCode).to.equal(0);
      expect(stdout).to.match(/Example/);
    });
  }

  it('ends quietly when nobody reads what it prints', async () => {
    const ferrolab = startFerrolab(['build', '--list']);
    // The reader is gone before there is anything to read.
    ferrolab.stdout?.destroy();
    const { exitCode, stderr } = await ferrolab;
    expect(stderr).to.equal('');
    expect(exitCode).to.equal(141);
  });
});
