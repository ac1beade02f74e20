// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../run/durable-file.ts';
import { campaignFolder } from '../store/campaign-folder.ts';
import type { StateDirectory } from '../store/state-directory.ts';

const everyMs = 10_000;

/** How long a campaign has gone on, in milliseconds; survives its lab, to within ten seconds. */
export class UsedTime implements AsyncDisposable {
  readonly #path: string;
  readonly #before: number;
  readonly #since = performance.now();
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, before: number) {
    this.#path = path;
    this.#before = before;
    this.#timer = setInterval(() => this.#write(), everyMs);
    this.#timer.unref();
  }

  /** Goes on counting where a campaign has been left. */
  static async resume(state: StateDirectory, campaignId: string): Promise<UsedTime> {
    return new UsedTime(pathOf(state, campaignId), await usedMs(state, campaignId));
  }

  get before(): number {
    return this.#before;
  }

  get ms(): number {
    return this.#before + performance.now() - this.#since;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    const text = `${JSON.stringify({ version: 1, usedMs: Math.round(this.ms) })}\n`;
    // On a full disk it is the campaign that pauses; a count that is too small only lets it go on longer.
    this.#writing = this.#writing.then(() => writeDurably(this.#path, text)).catch(() => undefined);
  }
}

/** How long a campaign had gone on when its lab last said so, in milliseconds. */
export async function usedMs(state: StateDirectory, campaignId: string): Promise<number> {
  try {
    const text = await readFile(pathOf(state, campaignId), 'utf8');
    const { usedMs: used } = JSON.parse(text) as { readonly usedMs?: unknown };
    return typeof used === 'number' && used >= 0 ? used : 0;
  } catch {
    return 0;
  }
}

function pathOf(state: StateDirectory, campaignId: string): string {
  return join(campaignFolder(state, campaignId), 'used.json');
}
