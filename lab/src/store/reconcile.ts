// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { type FolderState, inspectRunFolder, markLost, type RunOwner } from '../run/run-folder.ts';
import { campaignIds, readCampaign } from './campaign-folder.ts';
import { folderNames } from './folder-names.ts';
import type { ResultStore } from './result-store.ts';
import type { StateDirectory } from './state-directory.ts';

/** What `reconcile` put right. */
export interface Reconciliation {
  /** Campaigns that were on the disk and not in the database, or whose end was. */
  readonly campaigns: readonly string[];
  /** Runs whose verdict was on the disk and not in the database. */
  readonly recovered: readonly string[];
  /** Runs whose harness was killed before they had a verdict. */
  readonly lost: readonly string[];
  /** Runs whose harness still works. */
  readonly running: readonly string[];
  readonly unreadable: readonly UnreadableFolder[];
}

/** A folder that cannot be read, with the reason. */
export interface UnreadableFolder {
  /** Relative to the state folder. */
  readonly folder: string;
  readonly problem: string;
}

/** Brings the database in line with the folders of campaigns and runs, whatever killed the lab before. */
export async function reconcile(
  state: StateDirectory,
  store: ResultStore,
): Promise<Reconciliation> {
  // The runs belong to them.
  const campaigns = await reconcileCampaigns(state, store);
  const runs = await reconcileRuns(state, store);
  return { ...campaigns, ...runs, unreadable: [...campaigns.unreadable, ...runs.unreadable] };
}

async function reconcileCampaigns(
  state: StateDirectory,
  store: ResultStore,
): Promise<Pick<Reconciliation, 'campaigns' | 'unreadable'>> {
  const campaigns: string[] = [];
  const unreadable: UnreadableFolder[] = [];
  const known = await store.knownCampaigns();
  for (const id of await campaignIds(state)) {
    try {
      const { record, end } = await readCampaign(state, id);
      const isNew = !known.has(id);
      if (isNew) await store.recordCampaign(record);
      const ended = end !== null && known.get(id) !== end.endedAt;
      if (ended) await store.recordCampaignEnd(id, end);
      if (isNew || ended) campaigns.push(id);
    } catch (error) {
      if (!(error instanceof LabError && error.code === 'BAD_CAMPAIGN')) throw error;
      unreadable.push({ folder: join('campaigns', id), problem: error.message });
    }
  }
  return { campaigns, unreadable };
}

async function reconcileRuns(
  state: StateDirectory,
  store: ResultStore,
): Promise<Omit<Reconciliation, 'campaigns'>> {
  const recovered: string[] = [];
  const lost: (readonly [runId: string, owner: RunOwner])[] = [];
  const running: string[] = [];
  const unreadable: UnreadableFolder[] = [];
  const known = await store.knownRuns();
  for (const runId of await folderNames(state.runs)) {
    if (known.get(runId) === 'done') {
      continue;
    }
    const folder = await inspectStoredRun(state, runId);
    switch (folder.kind) {
      case 'done':
        await store.record(folder.verdict);
        recovered.push(runId);
        break;
      case 'lost':
        if (!known.has(runId)) lost.push([runId, folder.owner]);
        break;
      case 'unreadable':
        unreadable.push({ folder: join('runs', runId), problem: folder.problem });
        break;
      case 'running':
        running.push(runId);
        break;
    }
  }
  // A campaign that nobody asked for is known by the runs of it that have a verdict.
  for (const [runId, owner] of lost) {
    await markLost(join(state.runs, runId), runId);
    await store.recordLost(runId, owner);
  }
  return { recovered, lost: lost.map(([runId]) => runId), running, unreadable };
}

/** What the folder of a run in the state folder says; a verdict of another run is none. */
export async function inspectStoredRun(state: StateDirectory, runId: string): Promise<FolderState> {
  const folder = await inspectRunFolder(join(state.runs, runId));
  if (folder.kind !== 'done' || folder.verdict.runId === runId) return folder;
  return { kind: 'unreadable', problem: `verdict.json is of run ${folder.verdict.runId}` };
}
