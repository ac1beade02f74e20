// SPDX-License-Identifier: Apache-2.0
// What simulated worlds cost, and whether they do the same each time.

import { Worker } from 'node:worker_threads';
import type { ColdBoot } from '../run/booted-template.ts';
import { percentile, type Spread, spreadOf } from './spread.ts';

/** How much is measured. */
export interface WorldsPlan {
  readonly workers: number;
  /** How long forks, and boots, are counted. */
  readonly seconds: number;
  /** Runs of one world that are compared, beside as many threads that are busy. */
  readonly repeats: number;
  /** Boots of one machine that are. */
  readonly boots: number;
  /** Schedules that are compared; each is run twice. */
  readonly seeds: number;
}

/** A run of a world. */
export interface WorldRun {
  /** Of what its guest printed, which vCPU ran when, and how much they have executed. */
  readonly console: string;
  readonly schedule: string;
  readonly instructions: number;
  /** From its start until its verdict was on the disk. */
  readonly wallMs: number;
  /** From its start until its guest executed something; `null` when it had nothing to do. */
  readonly firstInstructionMs: number | null;
}

export interface WorldsDeps {
  /** Runs a world with nothing to do. */
  readonly runIdle: () => Promise<WorldRun>;
  /** Runs a world with something to do, under the schedule of a seed. */
  readonly runBusy: (seed: number) => Promise<WorldRun>;
  /** Boots a machine under the schedule of a seed. */
  readonly boot: (seed: number) => Promise<ColdBoot>;
  /** Told what has been measured. */
  readonly observer: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Something that was done again and again. */
export interface Rate {
  readonly times: number;
  readonly perMinute: number;
  readonly wallMs: Spread;
  readonly p99Ms: number;
}

/** How many of the runs were the same as the first one. */
export interface Repetition {
  readonly times: number;
  readonly same: number;
}

export interface WorldsReport {
  readonly forks: Rate;
  readonly boots: Rate;
  /** Forks to boots. */
  readonly ratio: number;
  readonly firstInstructionMs: Spread;
  readonly repeatedForks: Repetition;
  readonly repeatedBoots: Repetition;
  readonly schedules: {
    readonly seeds: number;
    readonly different: number;
    /** Of which two runs were the same. */
    readonly repeated: number;
  };
}

/** Measures, one thing after the other; rejects with the signal's reason when it fires. */
export async function measureWorlds(plan: WorldsPlan, deps: WorldsDeps): Promise<WorldsReport> {
  const { observer } = deps;
  // The first one makes the saved machines.
  await deps.runIdle();
  const forks = await rateOf(plan, deps, async () => (await deps.runIdle()).wallMs);
  observer(`forks: ${rateText(forks)}`);
  const boots = await rateOf(plan, deps, async () => (await deps.boot(0)).wallMs);
  observer(`boots: ${rateText(boots)}`);
  const { workers, repeats } = plan;
  const repeatedForks = await underLoad(
    { workers, what: 'world', times: repeats },
    deps,
    async () => fingerprintOf(await deps.runBusy(1)),
  );
  const repeatedBoots = await underLoad(
    { workers, what: 'boot', times: plan.boots },
    deps,
    async () => (await deps.boot(1)).fingerprint,
  );
  const { schedules, firstInstructionMs } = await compareSchedules(plan, deps);
  observer(`schedules: ${schedules.different} of ${schedules.seeds} different`);
  const ratio = forks.perMinute / boots.perMinute;
  return { forks, boots, ratio, firstInstructionMs, repeatedForks, repeatedBoots, schedules };
}

function fingerprintOf({ console, schedule, instructions }: WorldRun): string {
  return `${console} ${schedule} ${instructions}`;
}

/** A line about a rate. */
export function rateText({ times, perMinute, wallMs, p99Ms }: Rate): string {
  return `${times}, ${perMinute.toFixed(1)} a minute; each ${Math.round(wallMs.median)} ms (median), ${Math.round(p99Ms)} ms (p99)`;
}

/** Counts what `workers` at the same time come to. What is under way when the time is over is waited for, and counted. */
async function rateOf(
  { workers, seconds }: WorldsPlan,
  { signal }: WorldsDeps,
  once: () => Promise<number>,
): Promise<Rate> {
  const since = performance.now();
  const samples: number[] = [];
  const work = async () => {
    while (performance.now() - since < seconds * 1_000) {
      signal.throwIfAborted();
      samples.push(await once());
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const minutes = (performance.now() - since) / 60_000;
  return {
    times: samples.length,
    perMinute: samples.length / minutes,
    wallMs: spreadOf(samples),
    p99Ms: percentile(samples, 99),
  };
}

/** Runs after which it is told how many were the same. */
const told = 20;

/** Does the same again and again while all processors have something else to do. */
async function underLoad(
  {
    workers,
    what,
    times,
  }: { readonly workers: number; readonly what: string; readonly times: number },
  { signal, observer }: WorldsDeps,
  once: () => Promise<string>,
): Promise<Repetition> {
  const load = Array.from({ length: workers }, () => new Worker('for (;;);', { eval: true }));
  try {
    const seen: string[] = [];
    const same = () => seen.filter((one) => one === seen[0]).length;
    let begun = 0;
    const work = async () => {
      while (begun < times) {
        signal.throwIfAborted();
        begun += 1;
        seen.push(await once());
        if (seen.length % told === 0 || seen.length === times) {
          observer(`the same ${what}: ${same()} of ${seen.length} the same`);
        }
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    return { times: seen.length, same: same() };
  } finally {
    await Promise.all(load.map((worker) => worker.terminate()));
  }
}

async function compareSchedules(
  { seeds }: WorldsPlan,
  { runBusy, signal }: WorldsDeps,
): Promise<Pick<WorldsReport, 'schedules' | 'firstInstructionMs'>> {
  const different = new Set<string>();
  const firsts: number[] = [];
  let repeated = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    signal.throwIfAborted();
    const [one, other] = await Promise.all([runBusy(seed), runBusy(seed)]);
    different.add(one.schedule);
    for (const { firstInstructionMs } of [one, other]) {
      if (firstInstructionMs !== null) firsts.push(firstInstructionMs);
    }
    if (fingerprintOf(one) === fingerprintOf(other)) repeated += 1;
  }
  return {
    schedules: { seeds, different: different.size, repeated },
    firstInstructionMs: spreadOf(firsts),
  };
}
