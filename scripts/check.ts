// SPDX-License-Identifier: Apache-2.0
// Everything about the sources that needs no virtual machine: `npm run check`.

import { join } from 'node:path';
import { $, chalk } from 'zx';
import { catalogueComplaints } from './checks/defect-catalogue.ts';
import { boundaryViolations } from './checks/import-boundaries.ts';
import { lockFileViolations } from './checks/lock-file.ts';
import { missingLicences } from './checks/spdx-headers.ts';
import { unsafeViolations } from './checks/unsafe-rust.ts';

const root = join(import.meta.dirname, '..');
const run = $({ cwd: root, nothrow: true, quiet: true });

/** A check: its name, and the complaints it has. */
type Check = readonly [name: string, complaints: () => Promise<readonly string[]>];

async function command(argv: readonly string[]): Promise<readonly string[]> {
  const result = await run`${argv}`;
  return result.exitCode === 0 ? [] : [`${result.stdout}${result.stderr}`.trim()];
}

const tool = (name: string, ...args: string[]): string[] => [
  join('node_modules/.bin', name),
  ...args,
];

const checks: readonly Check[] = [
  ['types of lab/', () => command(tool('tsc', '--build', 'lab'))],
  ['types of tests and scripts', () => command(tool('tsc', '--project', 'tsconfig.json'))],
  ['format and lint (biome)', () => command(tool('biome', 'ci', '--colors=off', '.'))],
  [
    'promises (oxlint)',
    () =>
      command(
        tool(
          'oxlint',
          '--type-aware',
          '--deny-warnings',
          'lab/src',
          'lab/packages/qemu-ipc/src',
          'scripts',
          'tests',
        ),
      ),
  ],
  [
    'generated registers are fresh',
    () => command(tool('tsx', 'scripts/generate-registers.ts', '--check')),
  ],
  ['imports between rooms', async () => boundaryViolations(root)],
  ['catalogue of defects', async () => catalogueComplaints(root)],
  ['licence headers', async () => missingLicences(root)],
  ['no unsafe Rust in driver code', async () => unsafeViolations(root)],
  ['exact versions, no addresses', async () => lockFileViolations(root)],
];

// The compiled lab is what the other checks import.
const [first, ...rest] = checks;
const results: { name: string; complaints: readonly string[] }[] = [];
for (const group of [first ? [first] : [], rest]) {
  results.push(
    ...(await Promise.all(
      group.map(async ([name, complaints]) => ({ name, complaints: await complaints() })),
    )),
  );
}

for (const { name, complaints } of results) {
  console.log(`${complaints.length === 0 ? chalk.green('ok') : chalk.red('FAILED')}  ${name}`);
  for (const complaint of complaints) console.log(complaint.replace(/^/gm, '      '));
}
const failed = results.filter(({ complaints }) => complaints.length > 0).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
