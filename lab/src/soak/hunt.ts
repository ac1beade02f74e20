// SPDX-License-Identifier: Apache-2.0
import type { SimWorld } from '../run/world.ts';
import type { Verdict } from '../verdict.ts';
import { type HuntState, HuntTally, tells } from './hunt-tally.ts';
import { WorldCorpus } from './world-corpus.ts';

/** How long a hunt goes on. */
export interface HuntPlan {
  /** Of the first world; the others' are derived from it. */
  readonly seed: number;
  readonly workers: number;
  readonly budgetMs: number;
  /** Whether this crash ends it. */
  readonly enough: (title: string) => boolean;
}

/** A world that was run. */
export interface HuntedWorld {
  readonly verdict: Verdict;
  readonly virtualNs: number;
  /** Equal for runs that were the same. */
  readonly fingerprint: string;
  /** Whether it reached something of the driver that no world had reached before it. */
  readonly reachedNew: boolean;
}

export interface HuntDeps {
  /** The world of a seed. */
  readonly draw: (seed: number) => SimWorld;
  /** Runs a world; its verdict is on the disk when it resolves. */
  readonly run: (world: SimWorld, signal: AbortSignal) => Promise<HuntedWorld>;
  readonly observer: (state: HuntState) => void;
}

/** After so many fruitless runs in a row there is no point in more. */
const mostFruitless = 5;

/** Runs worlds over seeds until the budget is used up, the signal fires, or it has what it was sent for. */
export async function hunt(
  plan: HuntPlan,
  deps: HuntDeps,
  signal: AbortSignal,
): Promise<HuntState> {
  return await new Hunt(plan, deps, signal).go();
}

class Hunt {
  readonly #plan: HuntPlan;
  readonly #deps: HuntDeps;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  /** By somebody, not by the end of its time. */
  readonly #interrupted: AbortSignal;
  readonly #tally = new HuntTally();
  readonly #corpus: WorldCorpus;

  constructor(plan: HuntPlan, deps: HuntDeps, signal: AbortSignal) {
    this.#plan = plan;
    this.#deps = deps;
    this.#corpus = new WorldCorpus(plan.seed, deps.draw);
    this.#interrupted = signal;
    this.#signal = AbortSignal.any([signal, this.#over.signal]);
  }

  async go(): Promise<HuntState> {
    this.#tally.begin();
    // AbortSignal.timeout() inside AbortSignal.any() may be collected as garbage before it fires: nodejs/node#57736.
    const budget = setTimeout(() => this.#over.abort(), this.#plan.budgetMs);
    const workers = Array.from({ length: this.#plan.workers }, () => this.#work());
    const results = await Promise.allSettled(workers);
    clearTimeout(budget);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return this.#state();
  }

  async #work(): Promise<void> {
    try {
      while (!this.#signal.aborted) {
        const world = this.#corpus.next();
        const ran = await this.#deps.run(world, this.#signal);
        // A run that the end of the hunt has cut counts for nothing.
        if (this.#signal.aborted) continue;
        const title = ran.verdict.crashes[0]?.title;
        const isNew = title !== undefined && !this.#tally.has(title);
        this.#note(ran, world);
        if (isNew) await this.#runAgain(title, ran, world);
        if (title !== undefined && this.#plan.enough(title)) this.#over.abort();
      }
    } catch (error) {
      // Without a place for results the other workers' runs are worth nothing either.
      this.#over.abort(error);
      throw error;
    }
  }

  #note({ verdict, virtualNs, reachedNew }: HuntedWorld, world: SimWorld): void {
    this.#tally.add(verdict, virtualNs);
    if (tells(verdict) && reachedNew) this.#corpus.keep(world);
    this.#deps.observer(this.#state());
    if (this.#tally.fruitlessInARow >= mostFruitless) this.#over.abort();
  }

  /** What a hunt finds is worth something if it comes back. The end of the hunt waits for that. */
  async #runAgain(title: string, ran: HuntedWorld, world: SimWorld): Promise<void> {
    const { verdict, fingerprint } = await this.#deps.run(world, this.#interrupted);
    if (this.#interrupted.aborted || !tells(verdict)) return;
    this.#tally.ranAgain(title, fingerprint === ran.fingerprint);
    this.#deps.observer(this.#state());
  }

  #state(): HuntState {
    return this.#tally.state(this.#corpus.size);
  }
}
