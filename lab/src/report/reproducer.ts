// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cameBack } from '../run/repetition.ts';
import type { StoredRun } from '../store/result-store.ts';
import type { CrashGroupReport } from './campaign-report.ts';
import type { GroupedCrashes } from './crash-groups.ts';

/** How many folders of a group are looked for at most. */
const mostTried = 1_000;

/**
 * The run that brings a bug back: a simulated one before a live one, one whose folder is there before one that is
 * pruned, the earliest that did not fail to come back when it was tried. A live crash that was found again in a
 * simulated world comes back by that.
 */
export async function chooseReproducer({
  crashes,
}: GroupedCrashes): Promise<CrashGroupReport['reproducer']> {
  const runs = crashes.map(({ run }) => run);
  const simulated = runs.filter(({ cell }) => cell.mode === 'sim');
  const live = runs.filter(({ cell }) => cell.mode !== 'sim');
  const kept = await bestOf(simulated.slice(0, mostTried).filter(hasWorld));
  if (kept !== undefined) return kept;
  for (const run of live.slice(0, mostTried)) {
    const found = await foundInSimulation(run);
    if (found !== null) return found;
  }
  const [first] = runs;
  const left = live.slice(0, mostTried).find(hasWorld) ?? first;
  if (left === undefined) throw new RangeError('a group without crashes');
  return await reproducerOf(left);
}

/** The first that did not fail to come back when it was tried; if there is none, the first. */
async function bestOf(
  runs: readonly StoredRun[],
): Promise<CrashGroupReport['reproducer'] | undefined> {
  let best: CrashGroupReport['reproducer'] | undefined;
  for (const run of runs) {
    const one = await reproducerOf(run);
    if (one.identical !== false) return one;
    best ??= one;
  }
  return best;
}

async function reproducerOf({
  runId,
  folder,
  cell,
}: StoredRun): Promise<CrashGroupReport['reproducer']> {
  const verb = cell.mode === 'sim' ? 'repro' : 'hunt --from';
  const command = `ferrolab ${verb} ${shellWord(runId)}`;
  return { runId, folder, command, identical: await cameBack(folder) };
}

function hasWorld({ folder }: StoredRun): boolean {
  return existsSync(join(folder, 'world.json'));
}

/** `reproduced.json`, which a hunt from a live run leaves in its folder. */
async function foundInSimulation({
  folder,
}: StoredRun): Promise<CrashGroupReport['reproducer'] | null> {
  const path = join(folder, 'reproduced.json');
  if (!existsSync(path)) return null;
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as {
      readonly reproduced?: unknown;
      readonly runId?: unknown;
    };
    const { runId } = found;
    if (found.reproduced !== true || typeof runId !== 'string' || !/^\w[\w.-]*$/.test(runId)) {
      return null;
    }
    const other = join(dirname(folder), runId);
    const command = `ferrolab repro ${shellWord(runId)}`;
    return existsSync(join(other, 'world.json'))
      ? { runId, folder: other, command, identical: await cameBack(other) }
      : null;
  } catch {
    return null;
  }
}

/** A word that a shell takes as it is. */
function shellWord(word: string): string {
  return /^[\w.:+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
