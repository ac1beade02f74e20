// SPDX-License-Identifier: Apache-2.0
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import type { Artifact } from '../artifacts/recipe.ts';
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import {
  driverTrialRecipe,
  readTrial,
  type Trial,
  type TrialBuild,
} from '../artifacts/recipes/driver-trial.ts';
import type { BuildOptions } from '../soak/soak-parts.ts';
import { type BuildReport, buildReport } from './build-report.ts';

/** A driver that was compiled, or not. */
export interface TriedDriver {
  readonly artifact: Artifact;
  readonly report: BuildReport;
}

/** Compiles drivers with mistakes in them, one after the other, and compares them with the clean ones. */
export class DriverTrials {
  readonly #options: BuildOptions;
  readonly #clean = new Map<OwnDriver, Promise<{ artifact: Artifact; trial: Trial }>>();

  constructor(options: BuildOptions) {
    this.#options = options;
  }

  /** The driver as it is. */
  async clean(driver: OwnDriver): Promise<TriedDriver> {
    const { artifact, trial } = await this.#cleanTrial(driver);
    return { artifact, report: buildReport(trial, trial) };
  }

  /** The driver with a mistake. */
  async patched(driver: OwnDriver, patch: NonNullable<TrialBuild['patch']>): Promise<TriedDriver> {
    const clean = await this.#cleanTrial(driver);
    const { artifact, trial } = await this.#build(driver, patch);
    return { artifact, report: buildReport(trial, clean.trial) };
  }

  #cleanTrial(driver: OwnDriver): Promise<{ artifact: Artifact; trial: Trial }> {
    const known = this.#clean.get(driver);
    if (known !== undefined) return known;
    const built = this.#build(driver);
    this.#clean.set(driver, built);
    return built;
  }

  async #build(driver: OwnDriver, patch?: TrialBuild['patch']) {
    const { module, source } = ownDrivers[driver];
    const trial: TrialBuild = { module, source, kernel: 'debug', ...(patch ? { patch } : {}) };
    const recipe = driverTrialRecipe(trial);
    const artifact = (await ensureArtifacts([recipe], this.#options)).get(recipe.name);
    if (artifact === undefined) throw new Error(`${recipe.name} was not built`);
    return { artifact, trial: await readTrial(artifact) };
  }
}
