// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from './durable-file.ts';

/** What came of a second run of a simulated world: `repeated.json` in the folder of the first. */
export interface Repetition {
  readonly version: 1;
  readonly identical: boolean;
}

const file = 'repeated.json';

/** Notes in the folder of a run how it went again. */
export async function writeRepetition(folder: string, repetition: Repetition): Promise<void> {
  await writeDurably(join(folder, file), `${JSON.stringify(repetition)}\n`);
}

/** Whether a run came back identical; null when nobody has tried, or nobody knows. */
export async function cameBack(folder: string): Promise<boolean | null> {
  const path = join(folder, file);
  if (!existsSync(path)) return null;
  try {
    const { identical } = JSON.parse(await readFile(path, 'utf8')) as Partial<Repetition>;
    return typeof identical === 'boolean' ? identical : null;
  } catch {
    return null;
  }
}
