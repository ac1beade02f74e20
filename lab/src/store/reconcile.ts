// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectRunFolder, markLost } from '../run/run-folder.ts';
import type { ResultStore } from './result-store.ts';
import type { StateDirectory } from './state-directory.ts';

/** What `reconcile` put right. */
export interface Reconciliation {
  /** Runs whose verdict was on the disk and not in the database. */
  readonly recovered: readonly string[];
  /** Runs whose harness was killed before they had a verdict. */
  readonly lost: readonly string[];
  /** Folders that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly runId: string; readonly problem: string }[];
}

/** Brings the database in line with the folders of runs, whatever killed the lab before. */
export async function reconcile(
  state: StateDirectory,
  store: ResultStore,
): Promise<Reconciliation> {
  const recovered: string[] = [];
  const lost: string[] = [];
  const unreadable: { runId: string; problem: string }[] = [];
  const known = await store.knownRuns();
  for (const runId of await runIds(state)) {
    if (known.has(runId)) {
      continue;
    }
    const path = join(state.runs, runId);
    const folder = await inspectRunFolder(path);
    switch (folder.kind) {
      case 'done':
        await store.record(folder.verdict);
        recovered.push(runId);
        break;
      case 'lost':
        await markLost(path, runId);
        await store.recordLost(runId);
        lost.push(runId);
        break;
      case 'unreadable':
        unreadable.push({ runId, problem: folder.problem });
        break;
      case 'running':
        break;
    }
  }
  return { recovered, lost, unreadable };
}

async function runIds(state: StateDirectory): Promise<readonly string[]> {
  if (!existsSync(state.runs)) {
    return [];
  }
  const entries = await readdir(state.runs, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
