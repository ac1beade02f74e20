// SPDX-License-Identifier: Apache-2.0
// All tests, quick ones first: `npm run test:all`. Ends with one line: N passed, N failed.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ferrolab-test-'));
const counts = join(folder, 'counts');
const run = $({
  cwd: root,
  nothrow: true,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, FERROLAB_TEST_COUNTS: counts },
});

interface Counts {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
  /** Name and first line of each failure. */
  readonly failed: readonly string[];
}

/** What the suites have counted so far. */
function readCounts(): Counts[] {
  if (!existsSync(counts)) return [];
  return readFileSync(counts, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Counts);
}

/** Runs a suite; one that ends badly without counting a failure counts as one. */
async function suite(title: string, argv: readonly string[]): Promise<Counts[]> {
  console.log(`\n== ${title}`);
  const before = readCounts().length;
  const { exitCode } = await run`${argv}`;
  const counted = readCounts().slice(before);
  const failures = counted.reduce((sum, one) => sum + one.failures, 0);
  if (exitCode === 0 || failures > 0) {
    return counted.length > 0 ? counted : [{ passes: 1, failures: 0, pending: 0, failed: [] }];
  }
  const ended = `${title}: ended with exit status ${exitCode}`;
  return [...counted, { passes: 0, failures: 1, pending: 0, failed: [ended] }];
}

const mocha = (...patterns: string[]): string[] => [
  'node_modules/.bin/mocha',
  ...['--reporter', 'tests/counting-reporter.ts'],
  ...patterns,
];

const results = [
  ...(await suite('sources', ['node_modules/.bin/tsx', 'scripts/check.ts'])),
  ...(await suite('tools of the tests', ['node', 'lab/bin/ferrolab.js', 'build', 'test-tools'])),
  ...(await suite('unit', mocha('tests/unit/**/*.test.ts', 'lab/packages/*/test/**/*.test.ts'))),
  ...(await suite('browser', mocha('tests/browser/**/*.test.ts'))),
  ...(await suite('artifacts', ['node', 'lab/bin/ferrolab.js', 'build', ...testArtifacts()])),
  ...(await suite('device', mocha('tests/device/**/*.test.ts'))),
  ...(await suite('guest', mocha('tests/guest/**/*.test.ts'))),
];
rmSync(folder, { recursive: true });

/** What the device and guest tests run on; built first so that no test's time-out pays for it. */
function testArtifacts(): string[] {
  return ['qemu', 'kernel-fast', 'kernel-debug', 'ssh-initramfs'];
}

const sum = (field: 'passes' | 'failures' | 'pending'): number =>
  results.reduce((total, one) => total + one[field], 0);
const pending = sum('pending');
// Once more at the end, where somebody who has only the last lines of a log looks.
for (const name of results.flatMap(({ failed }) => failed)) console.log(`failed: ${name}`);
console.log(
  `\n${sum('passes')} passed, ${sum('failures')} failed${pending > 0 ? `, ${pending} skipped` : ''}`,
);
process.exitCode = sum('failures') === 0 ? 0 : 1;
