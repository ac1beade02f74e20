// SPDX-License-Identifier: Apache-2.0
import { type FaultType, faultTypes } from './config/fault-types.ts';

/** How many faults of one type were asked for, and how many reached the driver or the device. */
export interface FaultCount {
  readonly requested: number;
  readonly delivered: number;
}

/**
 * Counts by type; irq-storm counts interrupt messages, device-fault counts faults however often
 * each of them happened, the others count events.
 */
export type FaultTally = Readonly<Record<FaultType, FaultCount>>;

const none: FaultCount = { requested: 0, delivered: 0 };

export const emptyTally: FaultTally = {
  'irq-storm': none,
  'link-flap': none,
  'device-fault': none,
  'alloc-failure': none,
};

/** A tally with one more count in it. */
export function countFault(tally: FaultTally, type: FaultType, count: FaultCount): FaultTally {
  return { ...tally, [type]: addCounts(tally[type], count) };
}

/** The sum of two tallies. */
export function addTallies(a: FaultTally, b: FaultTally): FaultTally {
  return faultTypes.reduce((sum, type) => countFault(sum, type, b[type]), a);
}

/** A tally as it was stored, perhaps before there were all types. */
export function storedTally(stored: Partial<FaultTally>): FaultTally {
  return { ...emptyTally, ...stored };
}

/** Types that were asked for and of which not one arrived: the injection is dead. */
export function deadFaultTypes(tally: FaultTally): readonly FaultType[] {
  return faultTypes.filter((type) => tally[type].requested > 0 && tally[type].delivered === 0);
}

function addCounts(a: FaultCount, b: FaultCount): FaultCount {
  return { requested: a.requested + b.requested, delivered: a.delivered + b.delivered };
}
