// SPDX-License-Identifier: Apache-2.0
import type { StoredRun } from '../store/result-store.ts';
import type { CrashRecord } from '../verdict.ts';

/** The first crash of a run; what came after it follows from it. */
export interface RunCrash {
  readonly run: StoredRun;
  readonly crash: CrashRecord;
}

/** Crashes that are one bug, the earliest first. */
export interface GroupedCrashes {
  /** All that they are called: who shares one of them is the same bug. */
  readonly names: ReadonlySet<string>;
  readonly crashes: readonly RunCrash[];
}

/** A name that says no place: torn reports of different bugs have it in common. */
const placeless = / in corrupted$/;

/** Groups the failed runs by what crashed first, the commonest bug first. */
export function groupCrashes(runs: readonly StoredRun[]): readonly GroupedCrashes[] {
  const crashes = runs.filter(({ outcome }) => outcome === 'FAIL').map(firstCrash);
  crashes.sort((a, b) => earlier(a.run, b.run));
  const names = new SharedNames();
  for (const { crash } of crashes) names.join(namesOf(crash));
  const groups = new Map<string, RunCrash[]>();
  for (const one of crashes) {
    const key = names.commonName(one.crash.title);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()]
    .sort((a, b) => b.length - a.length || earliest(a, b))
    .map((group) => ({
      names: new Set(group.flatMap(({ crash }) => namesOf(crash))),
      crashes: group,
    }));
}

/** The title that most of the crashes have; of as many, the first of the alphabet. */
export function commonestTitle({ crashes }: GroupedCrashes): string {
  const counts = new Map<string, number>();
  for (const { crash } of crashes) counts.set(crash.title, (counts.get(crash.title) ?? 0) + 1);
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0] ?? '';
}

/** Order of runs by their end. */
export function earlier(a: StoredRun, b: StoredRun): number {
  return compare(a.endedAt, b.endedAt) || compare(a.runId, b.runId);
}

function earliest([a]: readonly RunCrash[], [b]: readonly RunCrash[]): number {
  return a === undefined || b === undefined ? 0 : earlier(a.run, b.run);
}

/** A failure of which no crash is known is called by its reason. */
function firstCrash(run: StoredRun): RunCrash {
  const [crash] = run.crashes;
  return {
    run,
    crash: crash ?? { title: run.reason, type: '', frame: null, corrupted: false },
  };
}

function namesOf({ title, altTitles }: CrashRecord): readonly string[] {
  return [title, ...(altTitles ?? []).filter((name) => !placeless.test(name))];
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Names of bugs: a union-find structure, each set named by one of its members. */
class SharedNames {
  readonly #next = new Map<string, string>();

  /** Notes that these are names of one bug. */
  join(names: readonly string[]): void {
    const [first, ...others] = names;
    if (first === undefined) return;
    for (const other of others) {
      const [from, to] = [this.commonName(other), this.commonName(first)];
      if (from !== to) this.#next.set(from, to);
    }
  }

  /** The name by which a bug goes here. */
  commonName(name: string): string {
    let found = name;
    for (let next = this.#next.get(found); next !== undefined; next = this.#next.get(found)) {
      const after = this.#next.get(next);
      if (after !== undefined) this.#next.set(found, after);
      found = next;
    }
    return found;
  }
}
