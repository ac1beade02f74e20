// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { KernelFlavour } from '../artifacts/recipes/kernel.ts';
import type { DriverConfig, TargetConfig } from '../config/define-lab.ts';
import { deriveSeed, SeededRandom } from '../faults/seeded-random.ts';
import { writeRepetition } from '../run/repetition.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { Schedule, SimWorld } from '../run/world.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Verdict } from '../verdict.ts';
import type { CellCoverage } from './cell-coverage.ts';
import type { FirstCrashes } from './first-crashes.ts';
import { memoryMiB } from './guest-machine.ts';
import type { Draw } from './live-runner.ts';
import type { RunOrigin } from './run-origin.ts';
import { blocksFile } from './sim-coverage.ts';
import { completeWorld, noLongerThan, Simulator } from './sim-scenario.ts';
import type { SoakParts } from './soak-parts.ts';

/** A driver in simulated guests. */
export interface SimSubject {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly driver: DriverConfig;
  readonly defect: string | null;
  readonly kernel: KernelFlavour;
  readonly profile: string;
}

/** Turns are taken in different ways, as what one way misses another finds. */
const schedules: readonly [Schedule, ...Schedule[]] = [
  { policy: 'random', sliceMax: 20_000 },
  { policy: 'pct', depth: 3, horizon: 10_000_000_000 },
  { policy: 'fair' },
];

/** A fork costs little, and another seed is worth more than another round. */
const churnMs = 15_000;

/** Runs one driver in simulated guests. */
export class SimRunner {
  readonly #subject: SimSubject;
  readonly #parts: SoakParts;
  readonly #simulator: Simulator;
  readonly #coverage: CellCoverage;
  readonly #crashes: FirstCrashes;

  constructor(
    subject: SimSubject,
    parts: SoakParts,
    state: StateDirectory,
    templates: TemplateStore,
    coverage: CellCoverage,
    crashes: FirstCrashes,
  ) {
    this.#subject = subject;
    this.#parts = parts;
    this.#coverage = coverage;
    this.#crashes = crashes;
    this.#simulator = new Simulator(parts, subject.target, templates, state);
  }

  /**
   * Runs the world of a seed in a folder of its own; the verdict is on the disk when it resolves. `null` when the
   * signal has cut it: it would not come back.
   */
  async run(draw: Draw, origin: RunOrigin, signal: AbortSignal): Promise<Verdict | null> {
    const wait: Wait = { signal, deadline: Deadline.never };
    const world = this.worldOf(draw);
    const { profile } = this.#subject;
    const measured = await this.#coverage.begin(world, this.#parts, this.#simulator, wait);
    const options = measured ? { driverTrace: { blocks: blocksFile } } : {};
    const ran = await this.#simulator.run(world, { ...origin, profile }, wait, options);
    if (!signal.aborted) {
      await this.#coverage.add(ran);
      if (this.#crashes.isFirst(ran.verdict)) await this.#repeat(world, ran, origin, wait);
      return ran.verdict;
    }
    await rm(ran.folder, { recursive: true, force: true });
    return null;
  }

  /** What a campaign finds is worth something if it comes back. */
  async #repeat(world: SimWorld, ran: SimRun, origin: RunOrigin, wait: Wait): Promise<void> {
    const { campaignId } = origin;
    const again = await this.#simulator.run(world, { campaignId, aside: true }, wait);
    await rm(again.folder, { recursive: true, force: true });
    // Killed or cut, it says nothing of the first.
    if (wait.signal.aborted || again.verdict.outcome === 'MISS') return;
    const identical = again.consoleSha256 === ran.consoleSha256 && again.schedule === ran.schedule;
    await writeRepetition(ran.folder, { version: 1, identical });
  }

  /** The world of a seed. */
  worldOf({ workload, seed }: Draw): SimWorld {
    const { targetName, target, driver, defect, kernel, profile } = this.#subject;
    // From numbers of its own, so that the world of a seed is the same with every schedule.
    const schedule = new SeededRandom(deriveSeed(seed, 1)).pick(schedules);
    const world = completeWorld(
      {
        version: 1,
        machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'sim', kernel },
        target: targetName,
        driver: { name: driver.module, defect },
        workload: { name: workload },
        schedule,
        seed,
      },
      target,
      this.#parts,
      profile,
    );
    return noLongerThan(churnMs, world);
  }
}
