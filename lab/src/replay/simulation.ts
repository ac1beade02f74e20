// SPDX-License-Identifier: Apache-2.0
import type { WorldCoverage } from '../coverage/world-coverage.ts';
import type { ColdBoot } from '../run/booted-template.ts';
import type { SimRun, SimRunOptions } from '../run/sim-run.ts';
import type { SimWorld } from '../run/world.ts';
import type { SoakParts } from '../soak/soak-parts.ts';

/** A world with everything that it needs to be run. */
export interface Simulation extends AsyncDisposable {
  readonly world: SimWorld;
  /** Where the folders of runs are. */
  readonly runs: string;
  /** What is drawn for another seed. */
  withSeed(seed: number): SimWorld;
  /** Runs it, or another one of the same artifacts and machine, and keeps the result. */
  run(world?: SimWorld, options?: SimRunOptions & { signal?: AbortSignal }): Promise<SimRun>;
  /** Makes the saved machine that its runs begin with, if it is not there. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Boots its machine, or that of another world, and throws it away. */
  boot(world: SimWorld): Promise<ColdBoot>;
  /** The artifacts that it is made of. */
  readonly parts: SoakParts;
  /** What of the driver can be reached, and has been when it was loaded. */
  coverage(signal: AbortSignal): Promise<WorldCoverage>;
}
