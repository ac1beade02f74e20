// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from '../verdict.ts';

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

/** Whether a run says something of the driver. */
export function tells({ outcome }: Verdict): boolean {
  return outcome === 'PASS' || outcome === 'FAIL';
}

/** Counts what the runs of a hunt come to. */
export class HuntTally {
  readonly #fruitless = new Map<string, number>();
  readonly #crashes = new Map<string, FoundCrash>();
  #since: number | undefined;
  #runs = 0;
  #virtualNs = 0;
  #fruitlessInARow = 0;

  /** A run begins; time is counted from the first one. */
  begin(): void {
    this.#since ??= performance.now();
  }

  /** Runs in a row, up to the last one, that tested nothing. */
  get fruitlessInARow(): number {
    return this.#fruitlessInARow;
  }

  has(title: string): boolean {
    return this.#crashes.has(title);
  }

  add(verdict: Verdict, virtualNs: number): void {
    this.#runs += 1;
    this.#virtualNs += virtualNs;
    const { reason, runId, seed } = verdict;
    const counts = tells(verdict);
    this.#fruitlessInARow = counts ? 0 : this.#fruitlessInARow + 1;
    if (!counts) this.#fruitless.set(reason, (this.#fruitless.get(reason) ?? 0) + 1);
    const [crash] = verdict.crashes;
    if (crash === undefined) return;
    const { title } = crash;
    const found = this.#crashes.get(title) ?? {
      ...{ title, runId, seed, runs: 0, comesBack: null },
      afterRuns: this.#runs,
      afterMs: this.#elapsedMs(),
    };
    this.#crashes.set(title, { ...found, runs: found.runs + 1 });
  }

  /** What became of a crash whose world was run again. */
  ranAgain(title: string, comesBack: boolean): void {
    const found = this.#crashes.get(title);
    if (found !== undefined) this.#crashes.set(title, { ...found, comesBack });
  }

  state(kept: number): HuntState {
    return {
      runs: this.#runs,
      wallMs: this.#elapsedMs(),
      virtualNs: this.#virtualNs,
      fruitless: this.#fruitless,
      crashes: [...this.#crashes.values()],
      kept,
    };
  }

  #elapsedMs(): number {
    return this.#since === undefined ? 0 : Math.round(performance.now() - this.#since);
  }
}
