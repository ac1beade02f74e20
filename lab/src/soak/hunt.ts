// SPDX-License-Identifier: Apache-2.0
import type { SimWorld } from '../run/world.ts';
import type { Verdict } from '../verdict.ts';
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

/** A crash that was found, with the first run that found it. */
export interface FoundCrash {
  readonly title: string;
  readonly runId: string;
  readonly seed: number;
  /** How many worlds had been run by then, this one included, and for how long the hunt had gone on. */
  readonly afterRuns: number;
  readonly afterMs: number;
  /** Runs that ended with it. */
  readonly runs: number;
  /** Whether its world, run again at once, did the same; `null` when there was no time to look. */
  readonly comesBack: boolean | null;
}

/** How far a hunt is. */
export interface HuntState {
  readonly runs: number;
  readonly wallMs: number;
  readonly virtualNs: number;
  /** Runs that tested nothing, or whose test failed, by reason. */
  readonly fruitless: ReadonlyMap<string, number>;
  readonly crashes: readonly FoundCrash[];
  /** Worlds that reached something new: others are made from them. */
  readonly kept: number;
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

/** Whether a run says something of the driver. */
function tells({ outcome }: Verdict): boolean {
  return outcome === 'PASS' || outcome === 'FAIL';
}

class Hunt {
  readonly #plan: HuntPlan;
  readonly #deps: HuntDeps;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  /** By somebody, not by the end of its time. */
  readonly #interrupted: AbortSignal;
  readonly #since = performance.now();
  readonly #fruitless = new Map<string, number>();
  readonly #crashes = new Map<string, FoundCrash>();
  readonly #corpus: WorldCorpus;
  #runs = 0;
  #virtualNs = 0;
  #fruitlessInARow = 0;

  constructor(plan: HuntPlan, deps: HuntDeps, signal: AbortSignal) {
    this.#plan = plan;
    this.#deps = deps;
    this.#corpus = new WorldCorpus(plan.seed, deps.draw);
    this.#interrupted = signal;
    this.#signal = AbortSignal.any([signal, this.#over.signal]);
  }

  async go(): Promise<HuntState> {
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
        const isNew = title !== undefined && !this.#crashes.has(title);
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
    this.#runs += 1;
    this.#virtualNs += virtualNs;
    const counts = tells(verdict);
    this.#fruitlessInARow = counts ? 0 : this.#fruitlessInARow + 1;
    if (!counts) {
      this.#fruitless.set(verdict.reason, (this.#fruitless.get(verdict.reason) ?? 0) + 1);
    }
    if (counts && reachedNew) this.#corpus.keep(world);
    const [crash] = verdict.crashes;
    if (crash !== undefined) {
      const found = this.#crashes.get(crash.title) ?? {
        title: crash.title,
        runId: verdict.runId,
        seed: world.seed,
        afterRuns: this.#runs,
        afterMs: this.#elapsedMs(),
        runs: 0,
        comesBack: null,
      };
      this.#crashes.set(crash.title, { ...found, runs: found.runs + 1 });
    }
    this.#deps.observer(this.#state());
    if (this.#fruitlessInARow >= mostFruitless) this.#over.abort();
  }

  /** What a hunt finds is worth something if it comes back. The end of the hunt waits for that. */
  async #runAgain(title: string, ran: HuntedWorld, world: SimWorld): Promise<void> {
    const { verdict, fingerprint } = await this.#deps.run(world, this.#interrupted);
    const found = this.#crashes.get(title);
    if (found === undefined || this.#interrupted.aborted || !tells(verdict)) return;
    this.#crashes.set(title, { ...found, comesBack: fingerprint === ran.fingerprint });
    this.#deps.observer(this.#state());
  }

  #state(): HuntState {
    return {
      runs: this.#runs,
      wallMs: this.#elapsedMs(),
      virtualNs: this.#virtualNs,
      fruitless: this.#fruitless,
      crashes: [...this.#crashes.values()],
      kept: this.#corpus.size,
    };
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#since);
  }
}
