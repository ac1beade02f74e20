// SPDX-License-Identifier: Apache-2.0
import { Deadline, sleep, type Wait } from 'qemu-ipc/wait';
import { deriveSeed } from '../faults/seeded-random.ts';
import type { CampaignEnd } from '../report/campaign-summary.ts';
import type { World } from '../run/world.ts';
import type { Verdict } from '../verdict.ts';

/** Told what happens in a campaign, as it happens. */
export interface CampaignObserver {
  runStarted(cycle: number, seed: number): void;
  runStep(cycle: number, step: string): void;
  runEnded(verdict: Verdict): void;
}

export interface CampaignPlan {
  readonly id: string;
  readonly seed: number;
  readonly workers: number;
  readonly budgetMs: number;
  /** Time from the start of a run to the loaded driver, before one was measured. */
  readonly expectedBootMs: number;
  /** Pause after a first MISS, doubled with each further one; 500 ms unless told. */
  readonly missPauseMs?: number;
}

export interface CampaignDeps {
  readonly draw: (seed: number) => World;
  /** Runs a world; the verdict is on the disk when it resolves. */
  readonly run: (
    world: World,
    cycle: number,
    onStep: (step: string) => void,
    wait: Wait,
  ) => Promise<Verdict>;
  /** Puts a verdict into the database. */
  readonly record: (verdict: Verdict) => Promise<unknown>;
  readonly observer: CampaignObserver;
}

/** A run that tests for less than this is not begun, in milliseconds. */
const shortestChurnMs = 6_000;

/** After so many MISS in a row the lab is broken, and more of the same tests nothing. */
const mostMisses = 5;

/**
 * Runs worlds until the budget is used up, the signal fires, or the lab does nothing but miss. A run
 * under way at that moment is cut short. Rejects when results cannot be kept.
 */
export async function runCampaign(
  plan: CampaignPlan,
  deps: CampaignDeps,
  signal: AbortSignal,
): Promise<CampaignEnd> {
  return await new Campaign(plan, deps, signal).run();
}

class Campaign {
  readonly #plan: CampaignPlan;
  readonly #deps: CampaignDeps;
  readonly #budget: Deadline;
  readonly #ended = new AbortController();
  readonly #interrupt: AbortSignal;
  readonly #signal: AbortSignal;
  #gaveUp: string | undefined;
  #nextCycle = 0;
  #bootMs: number;
  #missesInARow = 0;

  constructor(plan: CampaignPlan, deps: CampaignDeps, signal: AbortSignal) {
    this.#plan = plan;
    this.#deps = deps;
    this.#budget = Deadline.after(plan.budgetMs);
    this.#signal = AbortSignal.any([signal, this.#ended.signal]);
    this.#interrupt = signal;
    this.#bootMs = plan.expectedBootMs;
  }

  async run(): Promise<CampaignEnd> {
    const workers = Array.from({ length: this.#plan.workers }, () => this.#work());
    const results = await Promise.allSettled(workers);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) {
      throw failure.reason;
    }
    if (this.#gaveUp !== undefined) {
      return { kind: 'gave-up', reason: this.#gaveUp };
    }
    return { kind: this.#interrupt.aborted ? 'interrupted' : 'budget' };
  }

  async #work(): Promise<void> {
    try {
      while (this.#mayStart()) {
        await this.#cycle();
      }
    } catch (error) {
      // Without a place for results the other workers' runs are worth nothing either.
      this.#ended.abort(error);
      throw error;
    }
  }

  /** The first run is always tried: whoever gives the lab a minute wants to see something. */
  #mayStart(): boolean {
    if (this.#signal.aborted || this.#budget.expired) {
      return false;
    }
    return this.#nextCycle === 0 || this.#budget.remainingMs() >= this.#bootMs + shortestChurnMs;
  }

  async #cycle(): Promise<void> {
    const cycle = this.#nextCycle;
    this.#nextCycle += 1;
    const { draw, run, record, observer } = this.#deps;
    const seed = deriveSeed(this.#plan.seed, cycle);
    observer.runStarted(cycle, seed);
    const wait: Wait = { signal: this.#signal, deadline: this.#budget };
    const verdict = await run(draw(seed), cycle, (step) => observer.runStep(cycle, step), wait);
    await record(verdict);
    observer.runEnded(verdict);
    this.#learn(verdict);
    if (verdict.outcome === 'MISS') {
      await this.#afterMiss(verdict);
    }
  }

  #learn(verdict: Verdict): void {
    const loadedMs = verdict.phasesMs['load'];
    if (loadedMs !== undefined) {
      this.#bootMs = 0.7 * loadedMs + 0.3 * this.#bootMs;
    }
    this.#missesInARow = verdict.outcome === 'MISS' ? this.#missesInARow + 1 : 0;
  }

  async #afterMiss(verdict: Verdict): Promise<void> {
    if (this.#signal.aborted || this.#budget.expired) {
      return;
    }
    if (this.#missesInARow >= mostMisses) {
      this.#gaveUp = `${mostMisses} runs in a row tested nothing, the last one because ${verdict.reason}`;
      this.#ended.abort(new Error(this.#gaveUp));
      return;
    }
    // What broke the lab may pass: a host under load, a full disk.
    const pauseMs = (this.#plan.missPauseMs ?? 500) * 2 ** (this.#missesInARow - 1);
    await sleep(pauseMs, { signal: this.#signal, deadline: this.#budget }).catch(() => undefined);
  }
}
