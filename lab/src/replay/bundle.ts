// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';
import { LabFailure, UsageError } from '../errors.ts';

/** Files of a run's folder that go into a bundle, if they are there; the world has the hashes of the artifacts. */
const files = [
  'world.json',
  'verdict.json',
  'simulation.json',
  'console.log',
  'report.txt',
  'nic0.ndjson',
  'nic1.ndjson',
] as const;

/** Whether a file is a bundle, by its name. */
export function isBundle(path: string): boolean {
  return path.endsWith('.tar.zst');
}

/**
 * Packs what somebody else needs to have the same run: the files of its folder, and a README with the commit that makes
 * its artifacts and the command. The same folder gives the same bundle.
 */
export async function writeBundle(
  runFolder: string,
  commit: string,
  toolchain: string,
  output: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ferrolab-bundle-'));
  try {
    for (const file of files) {
      if (existsSync(join(runFolder, file))) {
        await copyFile(join(runFolder, file), join(folder, file));
      }
    }
    const command = `npm run lab:repro -- ${basename(output)}`;
    await writeFile(
      join(folder, 'README'),
      `Crash of a ferrolab run, made with commit ${commit}. In a checkout of it: ${command}\n`,
    );
    const partial = `${resolve(output)}.partial`;
    await tar(toolchain, folder, dirname(partial), [
      ...['--create', '--zstd', '--sort=name', '--mtime=@0', '--owner=0', '--group=0'],
      ...['--mode=u=rwX,go=rX', '--file', `/lab/bundles/${basename(partial)}`, '.'],
    ]);
    await rename(partial, output);
  } finally {
    await rm(`${resolve(output)}.partial`, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Unpacks a bundle into `folder`; UsageError when it is none. */
export async function unpackBundle(
  bundle: string,
  toolchain: string,
  folder: string,
): Promise<void> {
  const inside = `/lab/bundles/${basename(bundle)}`;
  try {
    await tar(toolchain, folder, dirname(resolve(bundle)), [
      ...['--extract', '--zstd', '--no-same-owner', '--file', inside],
    ]);
  } catch (cause) {
    throw new UsageError('BAD_BUNDLE', `${bundle} cannot be unpacked`, {
      remedy: 'It is cut, or no bundle: have it sent again.',
      cause,
    });
  }
  if (!existsSync(join(folder, 'world.json'))) {
    throw new UsageError('BAD_BUNDLE', `${bundle} has no world in it`, {
      remedy: 'Name a file that lab repro --bundle has written.',
    });
  }
}

async function tar(
  toolchain: string,
  folder: string,
  bundles: string,
  options: readonly string[],
): Promise<void> {
  const mounts = [
    { host: folder, at: '/lab/folder', writable: true },
    { host: bundles, at: '/lab/bundles', writable: true },
  ];
  const sandbox = { tree: toolchain, mounts, workingDirectory: '/lab/folder' };
  const [command = '', ...args] = inToolchain(sandbox, ['tar', ...options]);
  const { failed, stderr } = await execa(command, args, { stdin: 'ignore', reject: false });
  if (failed) {
    throw new LabFailure('TAR', `tar failed: ${stderr.trim().split('\n').at(-1) ?? ''}`, {
      remedy: 'Look whether the folder can be written to, and the disk is not full.',
    });
  }
}
