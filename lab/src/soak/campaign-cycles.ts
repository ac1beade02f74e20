// SPDX-License-Identifier: Apache-2.0
import type { CampaignRecord, CampaignSubject } from '../campaign-record.ts';
import { deriveSeed } from '../faults/seeded-random.ts';

/** What a cycle runs. */
export interface Cycle {
  readonly subject: CampaignSubject;
  readonly workload: string;
  readonly seed: number;
}

/**
 * Cycles of one mode in a row: live runs need all their processors at the same time, and each change of mode leaves
 * some of them without work.
 */
const blockLength = 8;

/** Says what each cycle of a campaign runs: the same, whoever asks and whenever. */
export class CampaignCycles {
  readonly #record: CampaignRecord;
  readonly #modes: Turns<readonly CampaignSubject[]>;
  readonly #subjects = new Map<readonly CampaignSubject[], Turns<CampaignSubject>>();
  readonly #workloadTurns = new Map<CampaignSubject, number>();
  readonly #drawn: Cycle[] = [];
  #block: Turns<CampaignSubject> | undefined;

  constructor(record: CampaignRecord) {
    this.#record = record;
    const byMode = new Map<string, CampaignSubject[]>();
    for (const subject of record.subjects) {
      const same = byMode.get(subject.cell.mode) ?? [];
      byMode.set(subject.cell.mode, [...same, subject]);
    }
    const modes = [...byMode.values()];
    this.#modes = new Turns(modes.map((subjects) => [subjects, sum(subjects)]));
    for (const subjects of modes) {
      this.#subjects.set(subjects, new Turns(subjects.map((one) => [one, one.share])));
    }
  }

  /** Cycle `index`, from 0. */
  at(index: number): Cycle {
    for (;;) {
      const cycle = this.#drawn[index];
      if (cycle !== undefined) return cycle;
      this.#drawn.push(this.#draw(this.#drawn.length));
    }
  }

  #draw(index: number): Cycle {
    if (index % blockLength === 0) this.#block = this.#subjects.get(this.#modes.next());
    const subject = this.#block?.next();
    if (subject === undefined) throw new RangeError('a campaign without subjects has no cycles');
    const turn = this.#workloadTurns.get(subject) ?? 0;
    this.#workloadTurns.set(subject, turn + 1);
    return { subject, ...drawOf(subject, turn), seed: deriveSeed(this.#record.seed, index) };
  }
}

/** The `index`-th try to catch the campaign's canary. */
export function canaryCycle(record: CampaignRecord, index: number): Cycle | null {
  const { canary, seed } = record;
  if (canary === null) return null;
  return { subject: canary, ...drawOf(canary, index), seed: deriveSeed(~seed >>> 0, index) };
}

function drawOf({ workloads }: CampaignSubject, turn: number): { readonly workload: string } {
  const workload = workloads[turn % workloads.length];
  if (workload === undefined) throw new RangeError('a subject without workloads');
  return { workload };
}

function sum(subjects: readonly CampaignSubject[]): number {
  return subjects.reduce((all, { share }) => all + share, 0);
}

/** Takes turns by weight, as evenly as can be: nginx calls it smooth weighted round-robin. */
class Turns<T> {
  readonly #entries: { readonly value: T; readonly weight: number; credit: number }[];
  readonly #total: number;

  constructor(entries: readonly (readonly [value: T, weight: number])[]) {
    this.#entries = entries.map(([value, weight]) => ({ value, weight, credit: 0 }));
    this.#total = this.#entries.reduce((all, { weight }) => all + weight, 0);
  }

  next(): T {
    for (const entry of this.#entries) entry.credit += entry.weight;
    const [first, ...others] = this.#entries;
    if (first === undefined) throw new RangeError('nobody takes turns');
    const chosen = others.reduce((best, one) => (one.credit > best.credit ? one : best), first);
    chosen.credit -= this.#total;
    return chosen.value;
  }
}
