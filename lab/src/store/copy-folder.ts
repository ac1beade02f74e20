// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../run/durable-file.ts';

/**
 * Copies a folder so that it is whole or not there, and on the disk when the promise resolves. It is put together at
 * `temporary`, on the same file system as `to`. Only files and folders are taken: no links, no sockets.
 */
export async function copyFolder(from: string, to: string, temporary: string): Promise<void> {
  await rm(temporary, { recursive: true, force: true });
  try {
    await copyTree(from, temporary);
    await mkdir(dirname(to), { recursive: true });
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(dirname(to));
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) await copyDurably(source, target);
  }
  await syncDirectory(to);
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const file = await open(to, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
