// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { CampaignEnd, CampaignRecord, CampaignSubject } from '../campaign-record.ts';
import { LabError } from '../errors.ts';
import { fullDisk } from '../full-disk.ts';
import { cutBeforeLoad } from '../run/judge.ts';
import { concludeNoRun } from '../run/no-run.ts';
import { createRunFolder, newRunId } from '../run/run-folder.ts';
import type { ResultStore, StoredRun } from '../store/result-store.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Verdict } from '../verdict.ts';
import { runCampaign } from './campaign.ts';
import type { RunnableSubject } from './campaign-subject.ts';
import { CampaignWork, type CampaignWorkItem } from './campaign-work.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { Notifier } from './notify.ts';
import type { SoakProgress } from './progress.ts';
import { toolchainSymbolizer } from './symbolizer.ts';
import type { UsedTime } from './used-time.ts';

/** What a campaign is run with. */
export interface CampaignGround {
  readonly state: StateDirectory;
  readonly store: ResultStore;
  readonly runnable: (subject: CampaignSubject) => RunnableSubject;
  readonly processors: number;
  readonly disk: DiskGuard;
  readonly used: UsedTime;
  readonly progress: SoakProgress;
  readonly notifier: Notifier;
}

/** Runs a campaign, or what is left of it, to its end; its verdicts are in the store. */
export async function soakCampaign(
  record: CampaignRecord,
  earlier: readonly StoredRun[],
  ground: CampaignGround,
  signal: AbortSignal,
): Promise<CampaignEnd> {
  return await new SoakedCampaign(record, earlier, ground).run(signal);
}

class SoakedCampaign {
  readonly #record: CampaignRecord;
  readonly #ground: CampaignGround;
  readonly #work: CampaignWork;
  readonly #titles: Set<string>;
  #stop: AbortSignal = new AbortController().signal;

  constructor(record: CampaignRecord, earlier: readonly StoredRun[], ground: CampaignGround) {
    this.#record = record;
    this.#ground = ground;
    this.#work = new CampaignWork(record, earlier);
    const crashed = earlier.filter(({ canary }) => !canary);
    this.#titles = new Set(crashed.flatMap(({ crashes: [first] }) => first?.title ?? []));
  }

  async run(signal: AbortSignal): Promise<CampaignEnd> {
    const { used, disk, progress, processors, runnable } = this.#ground;
    const { budgetMs } = this.#record;
    this.#stop = signal;
    return await runCampaign<CampaignWorkItem>(
      { budgetMs: remainingMs(this.#record, used.before), processors },
      {
        next: () => this.#work.next(used.ms / budgetMs),
        leastMs: ({ subject }) => runnable(subject).leastMs(),
        room: (wait) => disk.room(wait),
        run: (item, onStep, wait) => this.#run(item, onStep, wait),
        record: (verdict) => this.#keep(verdict),
        observer: progress,
      },
      signal,
    );
  }

  /** Runs an item until its verdict can be kept: one whose disk was full, or that was cut too early, says nothing. */
  async #run(
    item: CampaignWorkItem,
    onStep: (step: string) => void,
    wait: Wait,
  ): Promise<Verdict | null> {
    for (;;) {
      const { disk } = this.#ground;
      const { filling } = disk;
      let folder: string | undefined;
      const onFolder = (path: string) => {
        folder = path;
      };
      try {
        const within = { ...wait, signal: AbortSignal.any([wait.signal, filling]) };
        const verdict = await this.#try(item, onFolder, onStep, within);
        if (!filling.aborted && verdict?.reason !== cutBeforeLoad) return verdict;
      } catch (error) {
        if (fullDisk(error) === undefined && !filling.aborted) throw error;
      }
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      if (isOver(wait)) return null;
      onStep('waits for room on the disk');
      await disk.room(wait);
    }
  }

  /** A lab that fails to begin a run has missed it. */
  async #try(
    item: CampaignWorkItem,
    onFolder: (path: string) => void,
    onStep: (step: string) => void,
    wait: Wait,
  ): Promise<Verdict | null> {
    const { id: campaignId } = this.#record;
    const { cycle, attempt, canary, subject } = item;
    const runnable = this.#ground.runnable(subject);
    try {
      const origin = { campaignId, cycle, attempt, canary, onFolder };
      return await runnable.run(item, origin, onStep, wait);
    } catch (error) {
      if (wait.signal.aborted) return null;
      if (!(error instanceof LabError) || fullDisk(error) !== undefined) throw error;
      const world = runnable.worldOf(item);
      const runId = newRunId(item.seed, new Date());
      const { runs } = this.#ground.state;
      const folder = await createRunFolder(runs, runId, world, { campaignId, cycle });
      onFolder(folder.path);
      return await concludeNoRun(world, error.message, {
        folder,
        campaignId,
        cycle,
        attempt,
        canary,
        cell: { ...subject.cell, workload: item.workload },
        symbolize: toolchainSymbolizer(runnable.parts),
      });
    }
  }

  async #keep(verdict: Verdict): Promise<void> {
    const { store, disk, state } = this.#ground;
    // It is on the disk: what the database has no room for now, the next lab puts there.
    while (!(await recorded(store, verdict))) {
      const wait: Wait = { signal: this.#stop, deadline: Deadline.never };
      await disk.room(wait).catch(() => undefined);
      if (this.#stop.aborted) return;
    }
    this.#work.note(verdict);
    this.#notify(verdict);
    const [first] = verdict.crashes;
    const { cell, outcome, runId } = verdict;
    const title = first?.title ?? null;
    await disk.add({ folder: join(state.runs, runId), cell, outcome, title });
  }

  #notify({ canary, cell, runId, crashes: [first] }: Verdict): void {
    if (first === undefined || canary || this.#titles.has(first.title)) return;
    this.#titles.add(first.title);
    const { driver, defect, kernel, mode } = cell;
    this.#ground.notifier.send({
      event: 'crash',
      campaign: this.#record.id,
      title: first.title,
      type: first.type,
      ...{ driver, defect, kernel, mode, runId },
      folder: join(this.#ground.state.runs, runId),
    });
  }
}

/** What is left of a campaign's time, in milliseconds, when it has used some. */
export function remainingMs(record: CampaignRecord, usedMs: number): number {
  const { budgetMs, until } = record;
  const untilThen = until === null ? budgetMs : Date.parse(until) - Date.now();
  return Math.max(0, Math.min(budgetMs - usedMs, untilThen));
}

function isOver({ signal, deadline }: Wait): boolean {
  return signal.aborted || deadline.expired;
}

/** Whether there was room for it. */
async function recorded(store: ResultStore, verdict: Verdict): Promise<boolean> {
  try {
    await store.record(verdict);
    return true;
  } catch (error) {
    if (fullDisk(error) === undefined) throw error;
    return false;
  }
}
