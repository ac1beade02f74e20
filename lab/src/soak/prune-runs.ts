// SPDX-License-Identifier: Apache-2.0
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome, PooledCell } from '../verdict.ts';
import { diskUse } from './disk-space.ts';

/** A run that is over, and what it takes on the disk. */
export interface KeptRun {
  readonly folder: string;
  readonly cell: PooledCell;
  readonly outcome: Outcome;
  /** Of its first crash. */
  readonly title: string | null;
  bytes: number;
}

/**
 * What stays of every run: the verdict, from which the database can be made anew, the world, with which the run comes
 * back, and of a crash its text.
 */
const kept: ReadonlySet<string> = new Set([
  'world.json',
  'verdict.json',
  'owner.json',
  'lost.json',
  'simulation.json',
  'reproduced.json',
  'repeated.json',
  'report.txt',
]);

/** Crashes of one title and cell that are kept whole as long as there is room for them. */
const wholeCrashes = 3;

/**
 * Makes runs smaller until they take `most` bytes: first those that passed, then those that tested nothing, then
 * crashes of which others are kept; the first of each title stays whole. What they take in the end.
 */
export async function pruneRuns(runs: readonly KeptRun[], most: number): Promise<number> {
  let used = runs.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const run of inOrderOfSacrifice(runs)) {
    if (used <= most) break;
    const before = run.bytes;
    await shrink(run);
    used -= before - run.bytes;
  }
  return used;
}

/** Runs that may lose their logs, the least valuable first; each in the order in which they were given. */
export function inOrderOfSacrifice(runs: readonly KeptRun[]): readonly KeptRun[] {
  const seen = new Map<string, number>();
  const ranked = runs.map((run) => {
    const key = JSON.stringify([run.cell, run.title]);
    const before = seen.get(key) ?? 0;
    if (run.outcome === 'FAIL') seen.set(key, before + 1);
    return { run, rank: rankOf(run.outcome, before) };
  });
  const may = ranked.filter(({ rank }) => rank < never);
  return may.sort((a, b) => a.rank - b.rank).map(({ run }) => run);
}

const never = 4;

function rankOf(outcome: Outcome, crashesBefore: number): number {
  if (outcome === 'PASS') return 0;
  if (outcome !== 'FAIL') return 1;
  if (crashesBefore === 0) return never;
  return crashesBefore >= wholeCrashes ? 2 : 3;
}

async function shrink(run: KeptRun): Promise<void> {
  for (const name of await readdir(run.folder).catch(() => [])) {
    if (!kept.has(name)) await rm(join(run.folder, name), { recursive: true, force: true });
  }
  run.bytes = await diskUse(run.folder);
}
