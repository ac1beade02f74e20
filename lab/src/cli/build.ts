// SPDX-License-Identifier: Apache-2.0

import { Command } from 'commander';
import { Deadline } from 'qemu-ipc/wait';
import { cacheLayout, listArtifacts } from '../artifacts/artifact-store.ts';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { collectGarbage } from '../artifacts/collect-garbage.ts';
import { ensureArtifacts, recipeKey } from '../artifacts/ensure-artifacts.ts';
import { buildable } from '../artifacts/recipes/buildable.ts';
import { UsageError } from '../errors.ts';
import { interruptSignal } from './signals.ts';

interface BuildOptions {
  readonly list?: boolean;
  readonly gc?: boolean;
  readonly json?: boolean;
}

/** `ferrolab build`: builds artifacts, lists them, removes the stale ones. */
export function buildCommand(): Command {
  return new Command('build')
    .description('build toolchain, kernels, QEMU, guest and drivers into the cache')
    .argument('[names...]', 'what to build (default: what `boot` needs)')
    .option('--list', 'show what can be built and what is in the cache')
    .option('--gc', 'remove artifacts that no present recipe makes, and left-overs of cut builds')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab build kernel-debug\n')
    .action(async (names: string[], options: BuildOptions) => {
      if (options.list) return list(options.json ?? false);
      if (options.gc) return await collect(options.json ?? false);
      return await build(names, options.json ?? false);
    });
}

async function build(names: readonly string[], json: boolean): Promise<void> {
  const recipes = buildable();
  const wanted = (names.length > 0 ? names : ['qemu', 'kernel-fast', 'ssh-initramfs']).map(
    (name) => {
      const recipe = recipes.get(name);
      if (recipe) return recipe;
      throw new UsageError('UNKNOWN_ARTIFACT', `there is no artifact "${name}"`, {
        remedy: `There are: ${[...recipes.keys()].join(', ')}.`,
      });
    },
  );
  const progress = new StreamProgress(process.stderr);
  try {
    const wait = { signal: interruptSignal(), deadline: Deadline.never };
    const artifacts = await ensureArtifacts(wanted, { wait, progress });
    if (json) print({ artifacts: [...artifacts.values()] });
    else for (const { name, dir } of artifacts.values()) process.stdout.write(`${name}  ${dir}\n`);
  } finally {
    progress.close();
  }
}

function list(json: boolean): void {
  const stored = listArtifacts(cacheLayout(cacheDirectory()));
  const current = new Map([...buildable()].map(([name, recipe]) => [name, recipeKey(recipe)]));
  const rows = stored.map((artifact) => ({
    ...artifact,
    current: current.get(artifact.name) === artifact.key,
  }));
  const missing = [...current]
    .filter(([name, key]) => !stored.some((one) => one.name === name && one.key === key))
    .map(([name]) => name);
  if (json) {
    print({ cache: cacheDirectory(), artifacts: rows, missing });
    return;
  }
  process.stdout.write(`cache: ${cacheDirectory()}\n`);
  for (const { name, key, bytes, builtAt, current: isCurrent } of rows) {
    const size = (bytes === undefined ? '-' : `${(bytes / 2 ** 20).toFixed(0)} MiB`).padStart(9);
    const state = isCurrent ? 'current' : 'stale';
    process.stdout.write(
      `${name.padEnd(28)} ${key.slice(0, 16)} ${size}  ${builtAt.toISOString()}  ${state}\n`,
    );
  }
  for (const name of missing) process.stdout.write(`${name.padEnd(28)} not built\n`);
}

async function collect(json: boolean): Promise<void> {
  const removed = await collectGarbage();
  if (json) return print({ removed });
  for (const path of removed) process.stdout.write(`removed ${path}\n`);
  if (removed.length === 0) process.stdout.write('nothing to remove\n');
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}
