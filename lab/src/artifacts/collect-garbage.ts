// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheLayout, folderName, removeFolder } from './artifact-store.ts';
import { cacheDirectory } from './cache-directory.ts';
import { recipeKey } from './ensure-artifacts.ts';
import { tryLockFile } from './file-lock.ts';
import { buildable } from './recipes/buildable.ts';

/** Removes artifacts that no present recipe makes and scratch space nobody builds in; returns the paths. */
export async function collectGarbage(): Promise<string[]> {
  const layout = cacheLayout(cacheDirectory());
  const current = new Set(
    [...buildable()].map(([name, recipe]) => folderName(name, recipeKey(recipe))),
  );
  const removed: string[] = [];
  for (const folder of foldersIn(layout.artifacts)) {
    if (current.has(folder)) continue;
    const lock = await tryLockFile(join(layout.building, `${folder}.lock`));
    if (!lock) continue;
    await removeFolder(join(layout.artifacts, folder));
    removed.push(join(layout.artifacts, folder));
    await lock[Symbol.asyncDispose]();
  }
  for (const parent of [layout.building, layout.scratch]) {
    for (const folder of foldersIn(parent).filter((name) => !name.endsWith('.lock'))) {
      const lock = await tryLockFile(join(parent, `${folder}.lock`));
      if (!lock) continue;
      await removeFolder(join(parent, folder));
      removed.push(join(parent, folder));
      await lock[Symbol.asyncDispose]();
    }
  }
  return removed;
}

function foldersIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
