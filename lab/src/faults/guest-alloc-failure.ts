// SPDX-License-Identifier: Apache-2.0

import type { FaultCount } from '../fault-tally.ts';
import type { AllocPick } from './fault.ts';

type Sweep = Extract<AllocPick, { kind: 'nth' }>;
type Chance = Extract<AllocPick, { kind: 'chance' }>;

/** Guest command that repeats binding (or opening) a device with one allocation after the other failing. */
export function sweepCommand(
  step: 'bind' | 'open',
  module: string,
  bdf: string,
  pick: Sweep,
): string {
  return `lab-fault sweep-${step} ${module} ${bdf} ${pick.first} ${pick.tries} ${pick.depth}`;
}

/** Guest command that makes allocations fail by chance from now on. */
export function armCommand(module: string, pick: Chance): string {
  return `lab-fault arm ${module} ${pick.percent} ${pick.times} any`;
}

/** Guest command that ends what `armCommand` began. */
export const disarmCommand = 'lab-fault disarm';

/** What `lab-fault` counted, from its output; `undefined` when it says nothing. */
export function parseSweep(stdout: string): FaultCount | undefined {
  const match = /^lab-fault: swept (\d+) delivered (\d+)$/m.exec(stdout);
  if (match?.[1] === undefined || match[2] === undefined) {
    return undefined;
  }
  return { requested: Number(match[1]), delivered: Number(match[2]) };
}

/** Failures delivered since arming, from the output of `lab-fault disarm`. */
export function parseDelivered(stdout: string): number | undefined {
  const delivered = /^lab-fault: delivered (\d+)/m.exec(stdout)?.[1];
  return delivered === undefined ? undefined : Number(delivered);
}
