// SPDX-License-Identifier: Apache-2.0
import type { DeviceStates } from '../run/device-states.ts';
import type { ModuleSections } from '../run/module-sections.ts';
import {
  type CoverageReport,
  DriverCoverage,
  type ExecutedState,
  type Reached,
} from './driver-coverage.ts';
import type { DriverMap } from './driver-map.ts';

/** What runs have reached of a driver, and of its devices. */
export interface WorldCoverageReport extends CoverageReport {
  readonly states: Reached & { readonly missing: readonly string[] };
}

/** What some runs have reached, to go on from. */
export interface WorldCoverageState extends ExecutedState {
  readonly states: DeviceStates;
}

/** Adds up what runs execute of a driver, and the states that its devices come to. */
export class WorldCoverage {
  readonly #driver: DriverCoverage;
  readonly #states = new Map<string, number>();

  constructor(map: DriverMap) {
    this.#driver = new DriverCoverage(map);
  }

  /** Takes what came of a run; whether anything of it was reached for the first time. See DriverCoverage.add(). */
  add(executed: string, loads: readonly ModuleSections[], states: DeviceStates): boolean {
    const before = this.#reachedStates();
    this.#addStates(states);
    // Both, whatever the first says.
    const ofDriver = this.#driver.add(executed, loads);
    return ofDriver || this.#reachedStates() > before;
  }

  /** Everything so far, for another one to go on from. */
  get state(): WorldCoverageState {
    return { ...this.#driver.state, states: Object.fromEntries(this.#states) };
  }

  /** Takes what another one had come to. */
  take({ states, ...executed }: WorldCoverageState): void {
    this.#driver.take(executed);
    this.#addStates(states);
  }

  /** Ways on from conditional jumps. */
  get branches(): Reached {
    return this.#driver.branches;
  }

  report(): WorldCoverageReport {
    const missing = [...this.#states].filter(([, times]) => times === 0).map(([state]) => state);
    const states = { reached: this.#reachedStates(), all: this.#states.size, missing };
    return { ...this.#driver.report(), states };
  }

  #addStates(states: DeviceStates): void {
    for (const [state, times] of Object.entries(states)) {
      this.#states.set(state, (this.#states.get(state) ?? 0) + times);
    }
  }

  #reachedStates(): number {
    return [...this.#states.values()].filter((times) => times > 0).length;
  }
}
