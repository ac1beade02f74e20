// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, UsageError } from '../errors.ts';
import { canonicalJson } from '../run/canonical-json.ts';
import type { Verdict } from '../verdict.ts';
import { campaignFolder, campaignIds, readCampaign, writeCampaignEnd } from './campaign-folder.ts';
import { copyFolder } from './copy-folder.ts';
import { folderNames } from './folder-names.ts';
import { inspectStoredRun, type UnreadableFolder } from './reconcile.ts';
import type { ResultStore } from './result-store.ts';
import { type StateDirectory, stateFolder } from './state-directory.ts';
import { lockAlone } from './state-lock.ts';

/** What came of joining the results of another machine. */
export interface Merged {
  /** Campaigns that were taken over. */
  readonly campaigns: number;
  /** Runs that were taken over. */
  readonly runs: number;
  /** Runs that were here already, with the same verdict. */
  readonly known: number;
  /** Runs there without a verdict, which count for nothing. */
  readonly lost: number;
  /** Runs there that go on: merge again when they have ended. */
  readonly running: number;
  /** Folders, relative to the state folder, that say one thing here and another there. Ours stay. */
  readonly conflicts: readonly string[];
  readonly unreadable: readonly UnreadableFolder[];
}

type Count = Exclude<keyof Merged, 'conflicts' | 'unreadable'>;

/** Joins the results in the state folder `path` of another machine into ours. Done twice it changes nothing. */
export async function merge(
  path: string,
  state: StateDirectory,
  store: ResultStore,
): Promise<Merged> {
  const theirs = await otherState(path, state);
  using _merging = lockAlone(join(state.root, 'merge.lock'), 'another merge is at work');
  using _theirs = existsSync(theirs.lock)
    ? lockAlone(theirs.lock, 'a lab works there, and its results are not complete')
    : undefined;
  const merging = new Merging(theirs, state, store);
  try {
    await merging.campaigns();
    await merging.runs();
    return merging.result();
  } finally {
    await rm(incoming(state), { recursive: true, force: true });
  }
}

async function otherState(path: string, state: StateDirectory): Promise<StateDirectory> {
  const theirs = stateFolder(await realpath(path).catch(() => path));
  if (theirs.root === (await realpath(state.root).catch(() => state.root))) {
    throw new UsageError('SAME_STATE', `${path} is the state folder itself`, {
      remedy: 'Name the state folder of another machine, or a copy of it.',
    });
  }
  if (!existsSync(theirs.runs) && !existsSync(theirs.campaigns)) {
    throw new UsageError('NO_STATE', `${path} is not a state folder: it has no runs`, {
      remedy:
        'Name the folder with `runs` and `campaigns` in it: LAB_STATE_DIR of the other machine.',
    });
  }
  return theirs;
}

/** Where folders are put together before they get their names. */
function incoming(state: StateDirectory): string {
  return join(state.root, 'incoming');
}

class Merging {
  readonly #theirs: StateDirectory;
  readonly #ours: StateDirectory;
  readonly #store: ResultStore;
  readonly #counts: Record<Count, number> = {
    campaigns: 0,
    runs: 0,
    known: 0,
    lost: 0,
    running: 0,
  };
  readonly #conflicts: string[] = [];
  readonly #unreadable: UnreadableFolder[] = [];

  constructor(theirs: StateDirectory, ours: StateDirectory, store: ResultStore) {
    this.#theirs = theirs;
    this.#ours = ours;
    this.#store = store;
  }

  result(): Merged {
    return { ...this.#counts, conflicts: this.#conflicts, unreadable: this.#unreadable };
  }

  /** They come first: runs belong to them. */
  async campaigns(): Promise<void> {
    for (const id of await campaignIds(this.#theirs)) {
      try {
        await this.#campaign(id);
      } catch (error) {
        if (!(error instanceof LabError && error.code === 'BAD_CAMPAIGN')) throw error;
        this.#unreadable.push({ folder: join('campaigns', id), problem: error.message });
      }
    }
  }

  async runs(): Promise<void> {
    const known = await this.#store.knownRuns();
    for (const id of await folderNames(this.#theirs.runs)) {
      const folder = await inspectStoredRun(this.#theirs, id);
      if (folder.kind === 'done') await this.#run(id, folder.verdict, known.get(id) === 'done');
      else if (folder.kind === 'unreadable') {
        this.#unreadable.push({ folder: join('runs', id), problem: folder.problem });
      } else this.#counts[folder.kind] += 1;
    }
  }

  async #campaign(id: string): Promise<void> {
    const { record, end } = await readCampaign(this.#theirs, id);
    if (!existsSync(campaignFolder(this.#ours, id))) {
      await this.#copy(campaignFolder(this.#theirs, id), campaignFolder(this.#ours, id));
      this.#counts.campaigns += 1;
    }
    const ours = await readCampaign(this.#ours, id);
    if (canonicalJson(ours.record) !== canonicalJson(record)) {
      this.#conflicts.push(join('campaigns', id));
      return;
    }
    await this.#store.recordCampaign(record);
    // It may have gone on since it was merged last.
    const last = end !== null && end.endedAt > (ours.end?.endedAt ?? '') ? end : ours.end;
    if (last === null) return;
    if (last !== ours.end) await writeCampaignEnd(this.#ours, id, last);
    await this.#store.recordCampaignEnd(id, last);
  }

  async #run(id: string, verdict: Verdict, recorded: boolean): Promise<void> {
    const path = join(this.#ours.runs, id);
    if (existsSync(path)) {
      await this.#compare(id, verdict);
    } else if (recorded) {
      // Somebody has dropped its folder, and wants it no more.
      this.#counts.known += 1;
    } else {
      await this.#copy(join(this.#theirs.runs, id), path);
      await this.#store.record(verdict);
      this.#counts.runs += 1;
    }
  }

  async #compare(id: string, verdict: Verdict): Promise<void> {
    const ours = await inspectStoredRun(this.#ours, id);
    if (ours.kind !== 'done' || canonicalJson(ours.verdict) !== canonicalJson(verdict)) {
      this.#conflicts.push(join('runs', id));
      return;
    }
    // A merge may have been cut short before this.
    await this.#store.record(verdict);
    this.#counts.known += 1;
  }

  async #copy(from: string, to: string): Promise<void> {
    await copyFolder(from, to, join(incoming(this.#ours), 'folder'));
  }
}
