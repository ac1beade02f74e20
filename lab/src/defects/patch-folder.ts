// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { UsageError } from '../errors.ts';

/** A mistake of which nothing is known but the patch. */
export interface UnknownDefect {
  readonly name: string;
  /** Absolute. */
  readonly patch: string;
  readonly driver: OwnDriver;
}

/** Every patch below a folder: `*.patch` and `*.diff`, named by their path, `c.patch` by its folder. */
export function loadPatchFolder(folder: string): readonly UnknownDefect[] {
  const root = resolve(folder);
  if (!existsSync(root)) {
    throw new UsageError('NO_SUCH_FOLDER', `there is no folder ${root}`, {
      remedy: 'Name a folder with patches in it.',
    });
  }
  const patches = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:patch|diff)$/.test(file))
    .sort()
    .map((file) => join(root, file));
  if (patches.length === 0) {
    throw new UsageError('NO_PATCHES', `there are no patches in ${root}`, {
      remedy: 'Patches end in .patch or .diff.',
    });
  }
  return patches.map((patch) => ({
    name: nameOf(relative(root, patch)),
    patch,
    driver: driverOf(patch, readFileSync(patch, 'utf8')),
  }));
}

/** A name that may be part of a file name. */
function nameOf(path: string): string {
  const bare = path.replace(/\.(?:patch|diff)$/, '').replace(/\/c$/, '');
  return bare.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'c';
}

/** The driver that a patch is for, by the files that it touches. */
function driverOf(path: string, text: string): OwnDriver {
  const files = [...text.matchAll(/^\+\+\+ ([^\t\n]+)/gm)].map(([, file = '']) => file.trim());
  if (files.length === 0) {
    throw new UsageError('NOT_A_PATCH', `${path} is no unified diff`, {
      remedy: 'Make it with git diff, or diff -u.',
    });
  }
  return files.some((file) => /\.rs$|\/rust\//.test(file)) ? 'rust' : 'c';
}
