// SPDX-License-Identifier: Apache-2.0
import type { WorldCoverage, WorldCoverageReport } from '../coverage/world-coverage.ts';
import type { Simulation } from '../replay/simulation.ts';
import type { WorldDraft } from '../run/read-world.ts';
import type { SimWorld } from '../run/world.ts';
import { type HuntedWorld, hunt } from '../soak/hunt.ts';
import type { HuntState } from '../soak/hunt-tally.ts';
import { addRun, blocksFile } from '../soak/sim-coverage.ts';
import { noLongerThan } from '../soak/sim-scenario.ts';
import { prepareSimulation } from './simulation.ts';

/** What is hunted in. */
export interface Scenario {
  readonly draft: WorldDraft;
  /** Title of the one crash that is looked for: steps and faults of the draft stay as they are. */
  readonly title?: string;
  /** In guests whose vCPUs run in parallel, whatever the draft says of turns. */
  readonly live?: boolean;
}

/** How a hunt is done. */
export interface HuntSettings {
  readonly seed: number;
  readonly workers: number;
  readonly budgetMs: number;
  /** Whether it ends with the first crash. */
  readonly first: boolean;
  /** Whether worlds are made from those that reach more of the driver. */
  readonly coverage: boolean;
  /** Virtual time after which a world begins no other round: a fork costs little, and another seed is worth more. */
  readonly churnMs: number;
}

/** How far a hunt is, and what of the driver it has reached, if that is looked at. */
export type HuntObserver = (state: HuntState, coverage: WorldCoverage | undefined) => void;

/** What a hunt has found. */
export interface Hunted {
  readonly state: HuntState;
  readonly coverage?: WorldCoverageReport;
}

/** Runs worlds of a scenario as the settings say. */
export async function huntScenario(
  { draft, title }: Scenario,
  { first, coverage: looks, churnMs, ...plan }: HuntSettings,
  observer: HuntObserver,
  signal: AbortSignal,
): Promise<Hunted> {
  await using simulation = await prepareSimulation(draft, signal);
  // What is left of the time is for worlds.
  await simulation.prepare(signal);
  const coverage = looks ? await simulation.coverage(signal) : undefined;
  const deps = {
    draw: (seed: number) =>
      title === undefined
        ? noLongerThan(churnMs, simulation.withSeed(seed))
        : { ...simulation.world, seed },
    run: async (world: SimWorld, stop: AbortSignal) => {
      const ran = await runIn(simulation, world, coverage, stop);
      // Nothing is made from what reaches more.
      return title === undefined ? ran : { ...ran, reachedNew: false };
    },
    observer: (state: HuntState) => observer(state, coverage),
  };
  const enough = (found: string) => (title === undefined ? first : found === title);
  const state = await hunt({ ...plan, enough }, deps, signal);
  return { state, ...(coverage === undefined ? {} : { coverage: coverage.report() }) };
}

/** Runs a world, and sees what of the driver it reaches that none did before. */
async function runIn(
  simulation: Simulation,
  world: SimWorld,
  coverage: WorldCoverage | undefined,
  signal: AbortSignal,
): Promise<HuntedWorld> {
  if (coverage === undefined) {
    const ran = await simulation.run(world, { signal });
    return { ...ran, fingerprint: fingerprintOf(ran), reachedNew: false };
  }
  const ran = await simulation.run(world, { signal, driverTrace: { blocks: blocksFile } });
  const reachedNew = await addRun(coverage, ran);
  return { ...ran, fingerprint: fingerprintOf(ran), reachedNew };
}

function fingerprintOf(ran: { readonly consoleSha256: string; readonly schedule: string }): string {
  return `${ran.consoleSha256} ${ran.schedule}`;
}
