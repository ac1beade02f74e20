// SPDX-License-Identifier: Apache-2.0
import { stat, writeFile } from 'node:fs/promises';
import { LabFailure } from '../errors.ts';
import { writeDurably } from '../run/durable-file.ts';

/** Writes what a verb has made to a file, whole or not at all, or to stdout for `-`. LabFailure when it cannot be done. */
export async function writeOutput(file: string, text: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    // A device or a pipe must not be replaced by a file.
    if (await isSpecial(file)) await writeFile(file, text);
    else await writeDurably(file, text);
  } catch (cause) {
    throw new LabFailure('CANNOT_WRITE', `${file} cannot be written`, {
      remedy: 'Check the folder, its permissions and its free space.',
      cause,
    });
  }
}

async function isSpecial(file: string): Promise<boolean> {
  const known = await stat(file).catch(() => undefined);
  return known !== undefined && !known.isFile();
}
