// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import type { RunFolder } from './run-folder.ts';

/** The run whose id begins so; UsageError when there is none, or more than one. */
export async function findRun(runs: string, beginning: string): Promise<RunFolder> {
  const all = await readdir(runs).catch(() => []);
  const found = all.filter((id) => id.startsWith(beginning));
  const [runId] = found;
  if (runId === undefined) {
    throw new UsageError('NO_RUN', `no run '${beginning}' in ${runs}`, {
      remedy: 'A verdict says the id of its run; give it, or its beginning.',
    });
  }
  if (found.length > 1 && !found.includes(beginning)) {
    throw new UsageError('MANY_RUNS', `${found.length} runs begin with '${beginning}'`, {
      remedy: `Give more of the id: ${found.slice(0, 5).join(', ')}`,
    });
  }
  const id = found.includes(beginning) ? beginning : runId;
  return { runId: id, path: join(runs, id) };
}
