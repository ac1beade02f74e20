// SPDX-License-Identifier: Apache-2.0
import { Interrupted, LabFailure } from '../errors.ts';
import type { ModuleSections } from '../run/module-sections.ts';
import { listed, type Switch } from '../run/switches.ts';
import type { SimWorld } from '../run/world.ts';
import { type Holds, smallestPart } from './delta-debugging.ts';
import {
  stepsOf,
  withLessTraffic,
  withParams,
  withPlan,
  withSchedule,
  withSteps,
} from './world-reductions.ts';

/** What a world did when it was run. */
export interface Trial {
  readonly runId: string;
  /** Of its first crash; `null` when it did not crash. */
  readonly title: string | null;
  readonly reason: string;
  /** Virtual time at which it ended. */
  readonly virtualNs: number;
  /** Where the driver's code was, each time it was loaded. */
  readonly loads: readonly ModuleSections[];
  /** Its turns as a list has them, when they were asked for. */
  readonly switches?: readonly Switch[];
}

export interface MinimizeDeps {
  /** Runs a world. */
  readonly run: (world: SimWorld, recordSwitches: boolean, signal: AbortSignal) => Promise<Trial>;
  /** Runs a world that crashes, and says with which instruction its report began. */
  readonly locate: (world: SimWorld, signal: AbortSignal) => Promise<number>;
  /** Told what is being tried, and of each result. */
  readonly observer: (line: string) => void;
  /** Worlds at the same time. */
  readonly workers: number;
  /** Seeds that a world is tried with, whose crash depends on the schedule. */
  readonly seeds: number;
}

/** The smallest world that was found. */
export interface Minimized {
  readonly world: SimWorld;
  readonly title: string;
  readonly trials: number;
  /** Other crashes on the way: not what was asked for, but worth a look. */
  readonly others: ReadonlyMap<string, string>;
  /** False when it was cut short: smaller worlds may crash too. */
  readonly finished: boolean;
  /** Those that are left, if the schedule matters and could be made a list. */
  readonly switches: readonly Switch[];
  /** Where the driver's code was when these were written down. */
  readonly loads: readonly ModuleSections[];
}

/** Makes a crashing world as small as it can, the title of its crash staying what it is. LabFailure when it does not crash. */
export async function minimizeWorld(
  world: SimWorld,
  deps: MinimizeDeps,
  signal: AbortSignal,
): Promise<Minimized> {
  return await new Minimizer(world, deps, signal).go();
}

/** Of more a list would be larger than all else of the world, and each try costs a run. */
const mostSwitches = 100_000;
/** Instructions before a crash in which turns are out of order, at most: tried one after the other. */
const windows = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000] as const;
/** Of turns in a window, when the world does not say how long they are. */
const windowSliceMax = 20_000;

/** Ends the search where it is. */
class CutShort extends Error {}

class Minimizer {
  readonly #deps: MinimizeDeps;
  readonly #signal: AbortSignal;
  readonly #others = new Map<string, string>();
  #world: SimWorld;
  #title = '';
  #reason = '';
  #trials = 0;
  /** How many seeds a candidate is tried with. */
  #seeds = 1;
  #switches: readonly Switch[] = [];
  #loads: readonly ModuleSections[] = [];

  constructor(world: SimWorld, deps: MinimizeDeps, signal: AbortSignal) {
    this.#world = world;
    this.#deps = deps;
    this.#signal = signal;
  }

  async go(): Promise<Minimized> {
    const { title, virtualNs } = await this.#crashOf(this.#world);
    this.#title = title;
    this.#deps.observer(`it crashes: ${title}`);
    let finished = true;
    try {
      await this.#endWithCrash(virtualNs);
      await this.#simplifySchedule();
      await this.#shorten();
      // What is left may crash with turns in their order though all of it did not; then less may be enough, too.
      if (await this.#simplifySchedule()) await this.#shorten();
      await this.#confineSchedule();
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      finished = false;
    }
    return {
      world: this.#world,
      title: this.#title,
      trials: this.#trials,
      others: this.#others,
      finished,
      switches: this.#switches,
      loads: this.#loads,
    };
  }

  async #crashOf(world: SimWorld): Promise<Trial & { readonly title: string }> {
    const trial = await this.#try(world, false).catch((error: unknown) => {
      throw error instanceof CutShort ? new Interrupted() : error;
    });
    // Silence has one title, and says in its reason what the guest was doing.
    const { title, reason } = trial;
    this.#reason = reason;
    if (title !== null) return { ...trial, title };
    throw new LabFailure('NO_CRASH', `this world does not crash: ${reason}`, {
      remedy: 'Give the world, or the run, of a crash; lab hunt finds some.',
    });
  }

  /** Rounds that begin after the crash are none of it: without them a world that does not crash is over sooner. */
  async #endWithCrash(virtualNs: number): Promise<void> {
    const churnMs = Math.max(1, Math.ceil(virtualNs / 1e6));
    if (churnMs >= this.#world.workload.params.churnMs) return;
    const shorter = withParams(this.#world, { churnMs });
    const crashes = await this.#crashes(shorter);
    this.#deps.observer(`  no round that begins after it: ${crashes ? 'yes' : 'no'}`);
    if (crashes) this.#world = shorter;
  }

  async #shorten(): Promise<void> {
    await this.#dropFaults();
    await this.#dropEndChecks();
    await this.#dropSteps();
    await this.#shortenTraffic();
    // Fewer steps may need fewer faults.
    await this.#dropFaults();
  }

  /** A crash that comes with turns in their order needs no seed. Whether they were not in order, and are now. */
  async #simplifySchedule(): Promise<boolean> {
    if (this.#world.schedule.policy === 'fair') return false;
    const fair = withSchedule(this.#world, { policy: 'fair' });
    const crashes = await this.#crashes(fair);
    this.#deps.observer(`  with vCPUs that take turns in order: ${crashes ? 'yes' : 'no'}`);
    if (crashes) this.#world = fair;
    this.#seeds = crashes ? 1 : this.#deps.seeds;
    return crashes;
  }

  async #dropFaults(): Promise<void> {
    await this.#reduce('faults planned', this.#world.plan, withPlan);
    const standing = this.#world.workload.params.deviceFaults ?? [];
    await this.#reduce('standing faults', standing, (world, deviceFaults) =>
      withParams(world, { deviceFaults }),
    );
  }

  async #dropEndChecks(): Promise<void> {
    const { atEnd } = this.#world.workload.params;
    await this.#reduce('checks at the end', atEnd, (world, some) =>
      withParams(world, { atEnd: some }),
    );
  }

  async #dropSteps(): Promise<void> {
    await this.#reduce('steps', stepsOf(this.#world), withSteps);
  }

  async #shortenTraffic(): Promise<void> {
    for (;;) {
      const shorter = withLessTraffic(this.#world);
      if (shorter === undefined) return;
      const found = await this.#crashing(shorter);
      this.#deps.observer(`  half the traffic: ${found === undefined ? 'no' : 'yes'}`);
      if (found === undefined) return;
      this.#world = found;
    }
  }

  /**
   * The switches that the crash needs: as a list they are part of the world, and a seed is not. What happens after one that
   * is left out happens at other instructions, and the later ones meet something else: so first all but the last are left
   * out at once.
   */
  async #confineSchedule(): Promise<void> {
    if (this.#world.schedule.policy === 'fair') return;
    if (this.#world.schedule.policy !== 'list') await this.#narrowSchedule();
    const { switches = [], loads } = await this.#try(this.#world, true);
    this.#loads = loads;
    this.#seeds = 1;
    if (switches.length > mostSwitches) {
      this.#deps.observer(`  ${switches.length} switches: too many to be made fewer`);
      return;
    }
    const { schedule } = this.#world;
    const apply = (world: SimWorld, some: readonly Switch[]) =>
      withSchedule(world, listed(schedule, some));
    const asList = apply(this.#world, switches);
    const crashes = await this.#crashes(asList);
    this.#deps.observer(`  with its switches written down: ${crashes ? 'yes' : 'no'}`);
    if (!crashes) return;
    this.#world = asList;
    this.#switches = switches;
    await this.#reduce('switches', switches, apply, (some) => {
      this.#switches = some;
    });
  }

  /** Turns in their order up to shortly before the crash, if it comes then. */
  async #narrowSchedule(): Promise<void> {
    const { schedule } = this.#world;
    const { irqDelayMax } = schedule;
    const sliceMax = schedule.policy === 'random' ? schedule.sliceMax : windowSliceMax;
    const crash = await this.#unlessCut(this.#deps.locate(this.#world, this.#signal));
    for (const width of windows) {
      if (width >= crash) return;
      const narrowed = withSchedule(this.#world, {
        policy: 'random',
        sliceMax,
        from: crash - width,
        ...(irqDelayMax === undefined ? {} : { irqDelayMax }),
      });
      const found = await this.#crashing(narrowed);
      const answer = found === undefined ? 'no' : 'yes';
      this.#deps.observer(`  turns out of order in the last ${width} instructions only: ${answer}`);
      if (found === undefined) continue;
      this.#world = found;
      return;
    }
  }

  async #reduce<T>(
    what: string,
    list: readonly T[],
    apply: (world: SimWorld, part: readonly T[]) => SimWorld,
    kept: (part: readonly T[]) => void = () => undefined,
  ): Promise<void> {
    if (list.length === 0) return;
    const from = this.#world;
    const crashing = new Map<readonly T[], SimWorld>();
    const holds: Holds<T> = async (part) => {
      const found = await this.#crashing(apply(from, part));
      const answer = found === undefined ? 'no' : 'yes';
      this.#deps.observer(`  ${part.length} of ${list.length} ${what}: ${answer}`);
      if (found !== undefined) crashing.set(part, found);
      return found !== undefined;
    };
    const keep = (part: readonly T[]) => {
      const found = crashing.get(part);
      if (found === undefined) return;
      this.#world = found;
      kept(part);
    };
    const needed = await smallestPart(list, holds, this.#deps.workers, keep);
    this.#deps.observer(`${what}: ${needed.length} of ${list.length} needed`);
  }

  /** The world, with a seed with which it crashes as it should. */
  async #crashing(world: SimWorld): Promise<SimWorld | undefined> {
    for (let nth = 0; nth < this.#seeds; nth += 1) {
      const tried = { ...world, seed: (world.seed + nth) % 2 ** 32 };
      if (await this.#crashes(tried)) return tried;
    }
    return undefined;
  }

  async #crashes(world: SimWorld): Promise<boolean> {
    const { title, reason } = await this.#try(world, false);
    return title === this.#title && reason === this.#reason;
  }

  /** What comes of something that the end of the search may have cut. */
  async #unlessCut<T>(work: Promise<T>): Promise<T> {
    const result = await work.catch((error: unknown) => {
      throw this.#signal.aborted ? new CutShort() : error;
    });
    if (this.#signal.aborted) throw new CutShort();
    return result;
  }

  async #try(world: SimWorld, recordSwitches: boolean): Promise<Trial> {
    if (this.#signal.aborted) throw new CutShort();
    const trial = await this.#unlessCut(this.#deps.run(world, recordSwitches, this.#signal));
    this.#trials += 1;
    const { title, runId } = trial;
    if (title !== null && title !== this.#title && this.#title !== '')
      this.#others.set(title, runId);
    return trial;
  }
}
