// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives `work` a folder for a machine. It goes when the work is done, and stays, named on stderr, when that fails. */
export async function inRunFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ferrolab-bench-'));
  try {
    const result = await work(folder);
    await rm(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    process.stderr.write(`run folder: ${folder}\n`);
    throw error;
  }
}
