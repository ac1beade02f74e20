// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { AllocFailure, Fault, FaultPlan, Phase } from '../faults/fault.ts';

/** A fault that QEMU's device makes. */
export type DeviceMadeFault = Exclude<Fault, AllocFailure>;

/** The faults of a plan, looked up by the step they belong to. */
export class FaultSchedule {
  readonly #plan: FaultPlan;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** The allocation failures of one step. */
  allocFailures(round: number, phase: Phase): readonly AllocFailure[] {
    return this.#of(round, phase)
      .map(({ fault }) => fault)
      .filter(isAllocFailure);
  }

  /** Makes the device faults of one step at their times; resolves after the last one, or when aborted. */
  async play(
    round: number,
    phase: Phase,
    make: (fault: DeviceMadeFault, afterNs: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const start = performance.now();
    for (const { at, fault } of this.#of(round, phase)) {
      if (fault.type === 'alloc-failure') {
        continue;
      }
      const early = at.ns / 1e6 - (performance.now() - start);
      if (early > 0) {
        await delay(early, undefined, { signal });
      }
      signal.throwIfAborted();
      await make(fault, 0);
    }
  }

  /** The same, for a device that waits for the time of each fault itself. */
  get aheadOfTime(): Pick<FaultSchedule, 'allocFailures' | 'play'> & { readonly ahead: true } {
    return {
      ahead: true,
      allocFailures: (round, phase) => this.allocFailures(round, phase),
      play: async (round, phase, make) => {
        for (const { at, fault } of this.#of(round, phase)) {
          if (fault.type !== 'alloc-failure') await make(fault, at.ns);
        }
      },
    };
  }

  #of(round: number, phase: Phase): FaultPlan {
    return this.#plan
      .filter(({ at }) => at.round === round && at.phase === phase)
      .sort((a, b) => a.at.ns - b.at.ns);
  }
}

function isAllocFailure(fault: Fault): fault is AllocFailure {
  return fault.type === 'alloc-failure';
}
