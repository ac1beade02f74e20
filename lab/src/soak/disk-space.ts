// SPDX-License-Identifier: Apache-2.0
import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Room of the file system that a folder is in, in bytes. */
export async function spaceOf(
  folder: string,
): Promise<{ readonly free: number; readonly all: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, all: blocks * bsize };
}

/** Space that a folder takes on its disk, in bytes; what goes meanwhile is not counted. */
export async function diskUse(path: string): Promise<number> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return 0;
  const own = stat.blocks * 512;
  if (!stat.isDirectory()) return own;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => diskUse(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, own);
}
