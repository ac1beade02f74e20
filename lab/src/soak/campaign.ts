// SPDX-License-Identifier: Apache-2.0
import { Deadline, sleep, type Wait } from 'qemu-ipc/wait';
import type { CampaignEnd } from '../campaign-record.ts';
import type { Verdict } from '../verdict.ts';
import { Capacity } from './capacity.ts';

/** One run of a campaign, before it is begun. */
export interface CampaignItem {
  readonly cycle: number;
  /** 0; the second try of a cycle whose run was a MISS is 1. */
  readonly attempt: number;
  readonly seed: number;
  /** How many it keeps busy. */
  readonly processors: number;
}

/** Told what happens in a campaign, as it happens. */
export interface CampaignObserver<Item extends CampaignItem = CampaignItem> {
  runStarted(item: Item): void;
  runStep(item: Item, step: string): void;
  /** `null`: nothing came of it, and it counts for nothing. */
  runEnded(item: Item, verdict: Verdict | null): void;
}

export interface CampaignPlan {
  /** Wall time, in milliseconds. */
  readonly budgetMs: number;
  /** Kept busy at the same time; an item that needs more has them all. */
  readonly processors: number;
  /** Pause after a first MISS, doubled with each further one; 500 ms unless told. */
  readonly missPauseMs?: number;
}

export interface CampaignDeps<Item extends CampaignItem> {
  /** What is to be run next, in order; undefined when there is no more. */
  readonly next: () => Item | undefined;
  /** Time without which a run is not worth its start, in milliseconds. */
  readonly leastMs: (item: Item) => number;
  /** Waits until results can be kept; an error when that will not be. */
  readonly room?: (wait: Wait) => Promise<void>;
  /** Runs it; the verdict is on the disk when it resolves. `null` when it is to count for nothing. */
  readonly run: (item: Item, onStep: (step: string) => void, wait: Wait) => Promise<Verdict | null>;
  /** Puts a verdict into the database. */
  readonly record: (verdict: Verdict) => Promise<unknown>;
  readonly observer: CampaignObserver<Item>;
}

/** After so many MISS in a row the lab is broken, and more of the same tests nothing. */
const mostMisses = 5;

/**
 * Runs what there is to run until the budget is used up, the signal fires, or the lab does nothing but miss. A run
 * under way at that moment is cut short. Rejects when results cannot be kept.
 */
export async function runCampaign<Item extends CampaignItem>(
  plan: CampaignPlan,
  deps: CampaignDeps<Item>,
  signal: AbortSignal,
): Promise<CampaignEnd> {
  return await new Campaign(plan, deps, signal).run();
}

class Campaign<Item extends CampaignItem> {
  readonly #plan: CampaignPlan;
  readonly #deps: CampaignDeps<Item>;
  readonly #budget: Deadline;
  readonly #ended = new AbortController();
  readonly #interrupt: AbortSignal;
  readonly #wait: Wait;
  readonly #capacity: Capacity;
  #gaveUp: string | undefined;
  #started = false;
  #missesInARow = 0;

  constructor(plan: CampaignPlan, deps: CampaignDeps<Item>, signal: AbortSignal) {
    this.#plan = plan;
    this.#deps = deps;
    this.#budget = Deadline.after(plan.budgetMs);
    this.#wait = { signal: AbortSignal.any([signal, this.#ended.signal]), deadline: this.#budget };
    this.#interrupt = signal;
    this.#capacity = new Capacity(plan.processors);
  }

  async run(): Promise<CampaignEnd> {
    const running = new Set<Promise<void>>();
    try {
      await this.#dispatch(running);
    } finally {
      await Promise.allSettled(running);
    }
    if (this.#gaveUp !== undefined) return { kind: 'gave-up', reason: this.#gaveUp };
    // Without a place for results no other run is worth anything.
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason;
    return { kind: this.#interrupt.aborted ? 'interrupted' : 'budget' };
  }

  async #dispatch(running: Set<Promise<void>>): Promise<void> {
    while (!this.#over) {
      await this.#orOver(this.#deps.room?.(this.#wait));
      if (this.#over) return;
      const item = this.#deps.next();
      if (item === undefined || !this.#isWorthwhile(item)) return;
      const share = await this.#orOver(this.#capacity.take(item.processors, this.#wait));
      // Its processors may have been busy for long.
      if (share === undefined || !this.#isWorthwhile(item)) return;
      this.#started = true;
      const run = this.#cycle(item).finally(() => {
        share[Symbol.dispose]();
        running.delete(run);
      });
      running.add(run);
      run.catch((error: unknown) => this.#ended.abort(error));
    }
  }

  get #over(): boolean {
    return this.#wait.signal.aborted || this.#budget.expired;
  }

  /** What a wait gives; undefined when the campaign is over before. */
  async #orOver<T>(wait: Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await wait;
    } catch (error) {
      if (this.#over) return undefined;
      throw error;
    }
  }

  /** The first run is always tried: whoever gives the lab a minute wants to see something. */
  #isWorthwhile(item: Item): boolean {
    return !this.#started || this.#budget.remainingMs() >= this.#deps.leastMs(item);
  }

  async #cycle(item: Item): Promise<void> {
    const verdict = await this.#once(item);
    if (verdict?.outcome !== 'MISS') return;
    await this.#afterMiss(verdict);
    // What a passing trouble of the lab has kept from being tested is tested now.
    if (item.attempt === 0 && !this.#over) await this.#cycle({ ...item, attempt: 1 });
  }

  async #once(item: Item): Promise<Verdict | null> {
    const { run, record, observer } = this.#deps;
    observer.runStarted(item);
    const verdict = await run(item, (step) => observer.runStep(item, step), this.#wait);
    if (verdict !== null) {
      await record(verdict);
      this.#missesInARow = verdict.outcome === 'MISS' ? this.#missesInARow + 1 : 0;
    }
    observer.runEnded(item, verdict);
    return verdict;
  }

  async #afterMiss(verdict: Verdict): Promise<void> {
    if (this.#over) return;
    if (this.#missesInARow >= mostMisses) {
      this.#gaveUp = `${mostMisses} runs in a row tested nothing, the last one because ${verdict.reason}`;
      this.#ended.abort(new Error(this.#gaveUp));
      return;
    }
    // What broke the lab may pass: a host under load, a full disk.
    const pauseMs = (this.#plan.missPauseMs ?? 500) * 2 ** (this.#missesInARow - 1);
    await sleep(pauseMs, this.#wait).catch(() => undefined);
  }
}
