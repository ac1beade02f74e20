// SPDX-License-Identifier: Apache-2.0
import { type FaultType, faultTypes } from './config/fault-types.ts';

/** How many faults of one type were asked for, and how many reached the driver or the device. */
export interface FaultCount {
  readonly requested: number;
  readonly delivered: number;
}

/** Counts by type; irq-storm counts interrupt messages, the others count events. */
export type FaultTally = Readonly<Record<FaultType, FaultCount>>;

const none: FaultCount = { requested: 0, delivered: 0 };

export const emptyTally: FaultTally = {
  'irq-storm': none,
  'link-flap': none,
  'alloc-failure': none,
};

/** A tally with one more count in it. */
export function countFault(tally: FaultTally, type: FaultType, count: FaultCount): FaultTally {
  return { ...tally, [type]: addCounts(tally[type], count) };
}

/** The sum of two tallies. */
export function addTallies(a: FaultTally, b: FaultTally): FaultTally {
  return {
    'irq-storm': addCounts(a['irq-storm'], b['irq-storm']),
    'link-flap': addCounts(a['link-flap'], b['link-flap']),
    'alloc-failure': addCounts(a['alloc-failure'], b['alloc-failure']),
  };
}

/** Types that were asked for and of which not one arrived: the injection is dead. */
export function deadFaultTypes(tally: FaultTally): readonly FaultType[] {
  return faultTypes.filter((type) => tally[type].requested > 0 && tally[type].delivered === 0);
}

function addCounts(a: FaultCount, b: FaultCount): FaultCount {
  return { requested: a.requested + b.requested, delivered: a.delivered + b.delivered };
}
