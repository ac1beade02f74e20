// SPDX-License-Identifier: Apache-2.0
// Random guests against the device: seconds by default, as long as one likes by the environment.
//   FERROLAB_FUZZ_ACCESSES=10000000 FERROLAB_FUZZ_DESCRIPTORS=1000000 FERROLAB_FUZZ_SEED=7 \
//     FERROLAB_FUZZ_QEMU=qemu-sanitized npx mocha tests/device/ferronic-fuzz.test.ts
// A failure names the episode; FERROLAB_FUZZ_EPISODE runs it alone.

import { expect } from 'chai';
import { execa } from 'execa';
import { besideBuildOfQemu } from '../support/qemu-command.ts';

const settings = ['ACCESSES', 'DESCRIPTORS', 'SEED', 'EPISODE'] as const;
const hours = 6;
const isWhole = process.env['FERROLAB_FUZZ_EPISODE'] === undefined;

function passedOn(): string[] {
  return settings.flatMap((name) => {
    const value = process.env[`FERROLAB_FUZZ_${name}`];
    return value === undefined ? [] : [`FERRONIC_FUZZ_${name}=${value}`];
  });
}

/** What the sanitizers are told: the first complaint ends QEMU. What QEMU never frees is no complaint. */
const sanitizerOptions = [
  'ASAN_OPTIONS=detect_leaks=0:abort_on_error=1',
  'UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1',
];

async function fuzz(path: string) {
  const build = process.env['FERROLAB_FUZZ_QEMU'] === 'qemu-sanitized' ? 'qemu-sanitized' : 'qemu';
  const [command, ...rest] = await besideBuildOfQemu(build, [
    'env',
    'QTEST_QEMU_BINARY=/lab/qemu/bin/qemu-system-x86_64',
    'G_TEST_DBUS_DAEMON=/bin/false',
    ...sanitizerOptions,
    ...passedOn(),
    ...['/lab/qemu/tests/ferronic-test', '--tap', '-p', path],
  ]);
  return await execa(command, rest, { reject: false, all: true });
}

/** What a random run is made of, and how many it must have made. */
const runs = [
  { path: 'register-accesses', counted: 'register accesses', setting: 'ACCESSES' },
  { path: 'malformed-descriptors', counted: 'malformed descriptors', setting: 'DESCRIPTORS' },
] as const;

const complaint = /runtime error:|ERROR: AddressSanitizer|SUMMARY: /;

describe('the ferronic model under a guest without sense', function () {
  this.timeout(hours * 3_600_000);

  it('survives the corpus of sequences that were trouble once, or might be', async () => {
    const { exitCode, stdout, all } = await fuzz('/x86_64/ferronic/corpus');
    expect(exitCode, all).to.equal(0);
    expect(stdout)
      .to.match(/^ok 1 /m)
      .and.not.match(/^not ok /m);
    expect(all).not.to.match(complaint);
  });

  for (const { path, counted, setting } of runs) {
    it(`survives ${counted}, and is a new device after a reset`, async () => {
      const { exitCode, stdout, all } = await fuzz(`/x86_64/ferronic/fuzz/${path}`);
      expect(exitCode, all).to.equal(0);
      expect(all).not.to.match(complaint);
      const [figure, count] = new RegExp(`^# (\\d+) ${counted}$`, 'm').exec(stdout) ?? [];
      // An episode run alone is a part of what was asked for.
      const least = isWhole ? Number(process.env[`FERROLAB_FUZZ_${setting}`] ?? 1) : 1;
      expect(Number(count), `made ${figure}`).to.be.at.least(least);
    });
  }
});
