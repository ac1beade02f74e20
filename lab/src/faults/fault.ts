// SPDX-License-Identifier: Apache-2.0
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import type { StepName } from '../config/step-names.ts';

/** A burst of interrupt messages that no event has caused; `ns` is its length in virtual time. */
export interface IrqStorm {
  readonly type: 'irq-storm';
  /** Id of the NIC in QEMU: `nic0`. */
  readonly nic: string;
  readonly vector: number;
  readonly rateHz: number;
  readonly ns: number;
}

/** The link goes down for `downNs` (virtual time) and comes up again, `count` times. */
export interface LinkFlap {
  readonly type: 'link-flap';
  readonly nic: string;
  readonly downNs: number;
  readonly count: number;
}

/** Something that a broken device does, in the words of QEMU's schema: what, and what triggers it. */
export interface DeviceFault {
  readonly type: 'device-fault';
  readonly nic: string;
  readonly fault: Misbehaviour;
}

/** Storms and flaps have types of their own. */
export type Misbehaviour = Exclude<FerronicFault, { kind: 'irq-storm' | 'link-flap' }>;

/** Allocations made by the driver's own text fail, one after the other or by chance. */
export interface AllocFailure {
  readonly type: 'alloc-failure';
  readonly pick: AllocPick;
}

export type AllocPick =
  /**
   * Fails allocation number `first` of the step, undoes and repeats it with the next one, `tries`
   * times at most. `depth`: the driver is among this many innermost frames of the allocation's stack.
   */
  | {
      readonly kind: 'nth';
      readonly first: number;
      readonly tries: number;
      readonly depth: number;
    }
  /** Fails each with a chance of `percent`, `times` of them at most. */
  | { readonly kind: 'chance'; readonly percent: number; readonly times: number };

export type Fault = IrqStorm | LinkFlap | DeviceFault | AllocFailure;

/** The step of a round in which a fault comes. */
export type Phase = StepName;

/** When a fault comes: `ns` after the start of a phase of a round (rounds count from 0). */
export interface FaultTime {
  readonly ns: number;
  readonly round: number;
  readonly phase: Phase;
}

export interface PlannedFault {
  readonly at: FaultTime;
  readonly fault: Fault;
}

/** Everything that will be done to a driver in one run, in order of time. */
export type FaultPlan = readonly PlannedFault[];

/** Number of interrupt messages that a storm asks for. */
export function stormMessages(storm: IrqStorm): number {
  return Math.max(1, Math.round((storm.rateHz * storm.ns) / 1e9));
}
