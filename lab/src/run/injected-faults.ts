// SPDX-License-Identifier: Apache-2.0

import { countFault, emptyTally, type FaultCount, type FaultTally } from '../fault-tally.ts';
import { type LinkFlap, stormMessages } from '../faults/fault.ts';
import type { DeviceMadeFault } from './fault-schedule.ts';
import type { Clock } from './guest-clock.ts';
import type { PlannedStandingFault } from './standing-faults.ts';

/** How many of the last faults a crash report tells of. */
const mostRecent = 40;

/** What was injected into one guest: the last faults in words, and the count of failed allocations. */
export class InjectedFaults {
  readonly #clock: Clock;
  readonly #recent: string[] = [];
  #allocations: FaultTally = emptyTally;
  #flaps: FaultCount = { requested: 0, delivered: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a fault that the device was told to make. */
  device(fault: DeviceMadeFault): void {
    this.#note(describe(fault));
  }

  /** Notes a link that QEMU took away, from a card that does not count that. */
  flaps(fault: LinkFlap, delivered: number): void {
    const { requested, delivered: before } = this.#flaps;
    this.#flaps = { requested: requested + fault.count, delivered: before + delivered };
    this.#note(describe(fault));
  }

  /** Notes a fault that stands from now on. */
  standing({ nic, fault, seed }: PlannedStandingFault): void {
    this.#note(`${fault.kind} on ${nic} from now on, seed ${seed}`);
  }

  /** Notes allocations that were made to fail. */
  allocations(phase: string, count: FaultCount): void {
    this.#allocations = countFault(this.#allocations, 'alloc-failure', count);
    this.#note(`alloc-failure during ${phase}: ${count.delivered} delivered`);
  }

  /** Links that `flaps` was told of. */
  get flapTally(): FaultTally {
    return { ...emptyTally, 'link-flap': this.#flaps };
  }

  /**
   * Failed allocations. `seen` is how many the console told of: when a crash comes before the guest
   * could be asked, they are all that is known.
   */
  allocationTally(seen: number): FaultTally {
    const { requested, delivered } = this.#allocations['alloc-failure'];
    const atLeast = Math.max(delivered, seen);
    return {
      ...emptyTally,
      'alloc-failure': { requested: Math.max(requested, atLeast), delivered: atLeast },
    };
  }

  /** The last faults, oldest first, each with the guest's uptime in seconds. */
  recent(): readonly string[] {
    return this.#recent;
  }

  #note(what: string): void {
    const ns = this.#clock.nowNs();
    this.#recent.push(`[${ns === undefined ? '?' : (ns / 1e9).toFixed(3)}] ${what}`);
    if (this.#recent.length > mostRecent) {
      this.#recent.shift();
    }
  }
}

function describe(fault: DeviceMadeFault): string {
  switch (fault.type) {
    case 'irq-storm':
      return `irq-storm on ${fault.nic}, vector ${fault.vector}: ${stormMessages(fault)} messages at ${fault.rateHz} Hz`;
    case 'link-flap':
      return `link-flap on ${fault.nic}: ${fault.count} times down for ${fault.downNs / 1e6} ms`;
    case 'device-fault':
      return `${fault.fault.kind} on ${fault.nic}: ${JSON.stringify(fault.fault)}`;
  }
}
