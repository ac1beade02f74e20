// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import type { CampaignSubject } from '../campaign-record.ts';
import type { WorldCoverage } from '../coverage/world-coverage.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { SimWorld } from '../run/world.ts';
import { readCoverage, writeCoverage } from '../store/campaign-coverage.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import { addRun, coverageOf } from './sim-coverage.ts';
import type { Simulator } from './sim-scenario.ts';
import type { SoakParts } from './soak-parts.ts';

/** Where the coverage of a cell is kept. */
export interface CoveragePlace {
  readonly state: StateDirectory;
  readonly campaignId: string;
  /** Of the cell within its campaign; null for one whose coverage nobody wants to know. */
  readonly name: string | null;
  readonly subject: CampaignSubject;
}

/** What the simulated runs of a cell reach of its driver, over all the time of its campaign. */
export class CellCoverage {
  readonly #place: CoveragePlace;
  #measured: Promise<WorldCoverage | undefined> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(place: CoveragePlace) {
    this.#place = place;
  }

  /** Whether it can be measured; the first time takes what an earlier lab has measured. */
  async begin(
    world: SimWorld,
    parts: SoakParts,
    simulator: Simulator,
    wait: Wait,
  ): Promise<boolean> {
    const { name } = this.#place;
    if (name === null) return false;
    this.#measured ??= this.#resume(name, world, parts, simulator, wait);
    try {
      return (await this.#measured) !== undefined;
    } catch (error) {
      // The next run tries again.
      this.#measured = undefined;
      throw error;
    }
  }

  /** Takes a run into account, and writes down what is new. */
  async add(ran: SimRun): Promise<void> {
    const measured = await this.#measured;
    const { state, campaignId, name, subject } = this.#place;
    if (measured === undefined || name === null) return;
    if (!(await addRun(measured, ran))) return;
    this.#writing = this.#writing.then(() =>
      writeCoverage(state, campaignId, name, {
        version: 1,
        cell: subject.cell,
        coverage: measured.report(),
        state: measured.state,
      }),
    );
    await this.#writing;
  }

  async #resume(
    name: string,
    world: SimWorld,
    parts: SoakParts,
    simulator: Simulator,
    wait: Wait,
  ): Promise<WorldCoverage | undefined> {
    const { state, campaignId } = this.#place;
    const measured = await coverageOf(world, parts, simulator, wait);
    const before = await readCoverage(state, campaignId, name);
    if (before !== undefined) measured?.take(before.state);
    return measured;
  }
}
