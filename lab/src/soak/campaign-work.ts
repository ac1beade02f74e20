// SPDX-License-Identifier: Apache-2.0
import type { CampaignRecord, CampaignSubject } from '../campaign-record.ts';
import type { Outcome } from '../verdict.ts';
import type { CampaignItem } from './campaign.ts';
import { CampaignCycles, type Cycle, canaryCycle } from './campaign-cycles.ts';

/** One run of a campaign over several cells. */
export interface CampaignWorkItem extends CampaignItem {
  readonly subject: CampaignSubject;
  readonly workload: string;
  /** Whether it is to show that a known defect is still caught. */
  readonly canary: boolean;
}

/** What is to be known of a verdict. */
export interface DoneRun {
  readonly cycle: number;
  readonly attempt: number;
  readonly canary: boolean;
  readonly outcome: Outcome;
}

/** Most runs with which a campaign tries to catch its canary. */
const mostCanaries = 5;
const liveProcessors = 2;

/** Decides what a campaign runs next, whatever of it was run before. */
export class CampaignWork {
  readonly #record: CampaignRecord;
  readonly #cycles: CampaignCycles;
  readonly #verdicts = new Map<string, Outcome[]>();
  #nextCycle = 0;
  #nextCanary = 0;
  #canaryCaught = false;

  constructor(record: CampaignRecord, done: readonly DoneRun[]) {
    this.#record = record;
    this.#cycles = new CampaignCycles(record);
    for (const run of done) this.note(run);
  }

  /** `used`: the part of the campaign's time that is over, from 0 to 1. */
  next(used: number): CampaignWorkItem {
    const canary = this.#canary(used);
    if (canary !== undefined) return canary;
    for (;;) {
      const cycle = this.#nextCycle;
      this.#nextCycle += 1;
      const attempt = this.#attempt(cycle, false);
      if (attempt !== null) return item(cycle, attempt, false, this.#cycles.at(cycle));
    }
  }

  /** Takes a verdict into account. */
  note({ cycle, canary, outcome }: DoneRun): void {
    const key = keyOf(cycle, canary);
    this.#verdicts.set(key, [...(this.#verdicts.get(key) ?? []), outcome]);
    if (canary && outcome === 'FAIL') this.#canaryCaught = true;
  }

  /** At once, and if it is not caught again after each fifth of the time. */
  #canary(used: number): CampaignWorkItem | undefined {
    while (!this.#canaryCaught && this.#nextCanary < mostCanaries) {
      const index = this.#nextCanary;
      if (used < index / mostCanaries) return undefined;
      this.#nextCanary += 1;
      const attempt = this.#attempt(index, true);
      const cycle = canaryCycle(this.#record, index);
      if (cycle !== null && attempt !== null) return item(index, attempt, true, cycle);
    }
    return undefined;
  }

  /** Which try of a cycle is due; null when it has been run. */
  #attempt(cycle: number, canary: boolean): number | null {
    const outcomes = this.#verdicts.get(keyOf(cycle, canary)) ?? [];
    const tries = outcomes.length;
    return tries < 2 && outcomes.every((outcome) => outcome === 'MISS') ? tries : null;
  }
}

function keyOf(cycle: number, canary: boolean): string {
  return `${canary ? 'canary ' : ''}${cycle}`;
}

function item(cycle: number, attempt: number, canary: boolean, drawn: Cycle): CampaignWorkItem {
  const processors = drawn.subject.cell.mode === 'live' ? liveProcessors : 1;
  return { cycle, attempt, canary, processors, ...drawn };
}
