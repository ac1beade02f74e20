// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { writeDurably } from '../run/durable-file.ts';
import { parseWorld, type WorldDraft } from '../run/read-world.ts';
import { inspectRunFolder, type RunFolder } from '../run/run-folder.ts';
import type { Schedule, World } from '../run/world.ts';

/** A crash of a live run, and the simulated worlds to look for it in: the same steps and faults, other schedules. */
export interface LiveCrash {
  readonly title: string;
  readonly draft: WorldDraft;
}

/** What became of the search; `reproduced.json` in the folder of the live run. */
export type Reproduction = {
  readonly version: 1;
  readonly title: string;
  readonly worlds: number;
} & ({ readonly reproduced: true; readonly runId: string } | { readonly reproduced: false });

/** The file of a live run's folder with what became of the search for its crash. */
export const reproductionFile = 'reproduced.json';

/** Reads a crash of a live run; UsageError when the run is none, or did not crash. */
export async function readLiveCrash(folder: RunFolder, schedule: Schedule): Promise<LiveCrash> {
  const state = await inspectRunFolder(folder.path);
  const title = state.kind === 'done' ? state.verdict.crashes[0]?.title : undefined;
  if (title === undefined) {
    throw new UsageError('NO_CRASH', `${folder.path} is not of a run that crashed`, {
      remedy: 'lab soak says the id of the run of each crash; give that.',
    });
  }
  const path = join(folder.path, 'world.json');
  const live = JSON.parse(await readFile(path, 'utf8')) as World;
  if (live.machine.mode !== 'live') {
    throw new UsageError('NO_LIVE_RUN', `${folder.path} is of a simulated run`, {
      remedy: `It comes back by itself: ferrolab repro ${folder.runId}`,
    });
  }
  const { version, target, driver, workload, plan, seed } = live;
  const { cpus, memoryMiB, kernel } = live.machine;
  const machine = { cpus, memoryMiB, mode: 'sim', kernel } as const;
  const draft = { version, machine, target, driver, workload, plan, seed, schedule };
  return { title, draft: parseWorld(draft, path) };
}

/** Notes in the folder of a live run what became of the search for its crash; what was found once stays. */
export async function noteReproduction(
  folder: RunFolder,
  reproduction: Reproduction,
): Promise<void> {
  const path = join(folder.path, reproductionFile);
  if (!reproduction.reproduced && existsSync(path)) return;
  await writeDurably(path, `${JSON.stringify(reproduction)}\n`);
}
