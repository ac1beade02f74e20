#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Starts the compiled program; compiles it first when the sources are newer.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const lab = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = join(lab, 'dist', '.tsbuildinfo');

function newestIn(folder) {
  return Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

function isStale() {
  if (!existsSync(compiled)) return true;
  const builtAt = statSync(compiled).mtimeMs;
  return ['src', 'packages/qemu-ipc/src'].some((folder) => newestIn(join(lab, folder)) > builtAt);
}

if (isStale()) {
  const tsc = join(lab, '..', 'node_modules', '.bin', 'tsc');
  if (!existsSync(tsc)) {
    process.stderr.write('ferrolab: npm packages are missing. Run: make setup\n');
    process.exit(3);
  }
  const { status } = spawnSync(tsc, ['--build', lab], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('ferrolab: the sources in lab/ do not compile; see above.\n');
    process.exit(3);
  }
}

const { main } = await import('../dist/cli/main.js');
await main(process.argv);
