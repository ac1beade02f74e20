// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { sleep, type Wait } from 'qemu-ipc/wait';
import { formatBytes } from '../report/bytes.ts';
import { diskUse, spaceOf } from './disk-space.ts';
import { type KeptRun, pruneRuns } from './prune-runs.ts';

/** How much of the disk a campaign may use. */
export interface DiskLimits {
  /** For its runs, in bytes. */
  readonly budget: number;
  /** Where the lab writes: each must have room. */
  readonly folders: readonly string[];
}

/** Free space that a run is begun with, unless the file system is small, and the part of it that is too little to go on. */
const reserveBytes = 512 * 1024 ** 2;
const smallPart = 1 / 8;
const tooLittle = 1 / 4;
const lookMs = 1_000;
const waitMs = 2_000;
/** Pruned a little further, so that it is not for each run. */
const prunedTo = 0.9;

/** A run that was given up because its disk was filling. */
export class DiskFilling extends Error {
  readonly code = 'DISK_FILLING';
}

/** Keeps a campaign within its disk: prunes, pauses, and ends runs whose logs could not be kept. */
export class DiskGuard implements Disposable {
  readonly #limits: DiskLimits;
  readonly #runs: KeptRun[] = [];
  readonly #paused: (why: string | undefined) => void;
  readonly #timer: NodeJS.Timeout;
  #filling = new AbortController();
  #free = 0;

  /** `paused` is told why nothing is begun, and with undefined that it goes on. */
  constructor(limits: DiskLimits, paused: (why: string | undefined) => void) {
    this.#limits = limits;
    this.#paused = paused;
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), lookMs);
    this.#timer.unref();
  }

  /** Space that runs take, and the least that is free, in bytes. */
  get use(): { readonly used: number; readonly free: number } {
    return { used: this.#used, free: this.#free };
  }

  /** Fires when the disk of a run under way is filling; what it writes may be torn. */
  get filling(): AbortSignal {
    return this.#filling.signal;
  }

  /** Takes a run into account. */
  async add(run: Omit<KeptRun, 'bytes'>): Promise<void> {
    this.#runs.push({ ...run, bytes: await diskUse(run.folder) });
  }

  /** Waits until a run can be begun. */
  async room(wait: Wait): Promise<void> {
    let waited = false;
    for (;;) {
      const why = await this.#lack();
      if (why === undefined) break;
      waited = true;
      this.#paused(why);
      await sleep(waitMs, wait);
    }
    if (waited) this.#paused(undefined);
    if (this.#filling.signal.aborted) this.#filling = new AbortController();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  get #used(): number {
    return this.#runs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #lack(): Promise<string | undefined> {
    const { budget } = this.#limits;
    if (this.#used > budget) await pruneRuns(this.#runs, budget * prunedTo);
    if (this.#used > budget) {
      return `the campaign's runs take ${formatBytes(this.#used)} of the ${formatBytes(budget)} that it may use, and each crash is the only one of its kind: give it a larger diskGiB, or move runs away`;
    }
    for (const { folder, free, reserve } of await this.#spaces()) {
      if (free >= reserve) continue;
      // Its own runs first; what they give back may be enough.
      await pruneRuns(this.#runs, Math.max(0, this.#used - 2 * (reserve - free)));
      if ((await spaceOf(folder)).free >= reserve) continue;
      return `${folder} has ${formatBytes(free)} free and ${formatBytes(reserve)} are needed: free some space, and it goes on`;
    }
    return undefined;
  }

  async #look(): Promise<void> {
    for (const { free, reserve } of await this.#spaces()) {
      if (free < reserve * tooLittle) this.#filling.abort(new DiskFilling('the disk is filling'));
    }
  }

  async #spaces(): Promise<{ folder: string; free: number; reserve: number }[]> {
    const spaces = await Promise.all(
      this.#limits.folders.map(async (folder) => {
        await mkdir(folder, { recursive: true });
        const { free, all } = await spaceOf(folder);
        return { folder, free, reserve: Math.min(reserveBytes, all * smallPart) };
      }),
    );
    this.#free = Math.min(...spaces.map(({ free }) => free));
    return spaces;
  }
}
