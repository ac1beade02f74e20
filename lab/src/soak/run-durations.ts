// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from '../verdict.ts';

/** Start of a live run to a loaded driver under emulation, in milliseconds, until one was measured. */
const bootMs = { fast: 6_000, debug: 35_000 } as const;
/** The same of a guest that was forked. */
const forkMs = 5_000;
/** A live run that tests for less than this is not begun, in milliseconds. */
const shortestChurnMs = 6_000;
/** How much the latest run says, against those before it. */
const newest = 0.7;

/** How long runs of one kind take to be worth something; learns from each. */
export class RunDurations {
  #ms: number;

  private constructor(ms: number) {
    this.#ms = ms;
  }

  /** Live runs can be cut at any time after their driver is loaded. */
  static ofLive(kernel: 'fast' | 'debug', forked: boolean): RunDurations {
    return new RunDurations(forked ? forkMs : bootMs[kernel]);
  }

  /** A simulated run that is cut says nothing: it takes all its time, which nobody knows before the first. */
  static ofSimulated(): RunDurations {
    return new RunDurations(0);
  }

  /** Time without which a run is not worth its start, in milliseconds. */
  leastMs(mode: 'live' | 'sim'): number {
    return mode === 'live' ? this.#ms + shortestChurnMs : this.#ms;
  }

  learn({ cell, phasesMs, startedAt, endedAt }: Verdict): void {
    const wholeMs = Date.parse(endedAt) - Date.parse(startedAt);
    const ms = cell.mode === 'live' ? phasesMs['load'] : wholeMs;
    if (ms !== undefined && Number.isFinite(ms)) this.#ms = newest * ms + (1 - newest) * this.#ms;
  }
}
