// SPDX-License-Identifier: Apache-2.0
import type { AllocFailure } from '../../faults/fault.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';
import type { StepContext } from './step-context.ts';

/** Binding, or opening, is repeated with one allocation after the other failing. */
export interface FailingSweep {
  readonly step: 'bind-failing' | 'open-failing';
  readonly first: number;
  readonly tries: number;
  /** The driver is among this many innermost frames of the allocation's stack. */
  readonly depth: number;
}

const tries = 8;
/** Roughly as many as the drivers' probe makes: of its own (the C twin 49), and with all that the kernel allocates for it. */
const allocations = { own: 48, all: 700 };

/**
 * Begins anywhere. Mostly with what the driver and what it calls directly allocate: without most of the rest, the
 * kernel's notes about objects and its messages to user space, binding succeeds. One that begins too late ends at once.
 */
export function drawFailingSweep(step: FailingSweep['step'], random: SeededRandom): FailingSweep {
  const own = random.chance(0.75);
  const first = random.int(1, own ? allocations.own : allocations.all);
  return { step, first, tries, depth: own ? 8 : 32 };
}

export async function failingSweep(
  { step, first, tries, depth }: FailingSweep,
  { driver, allocFailures }: StepContext,
): Promise<void> {
  const fault: AllocFailure = {
    type: 'alloc-failure',
    pick: { kind: 'nth', first, tries, depth },
  };
  const count = await (step === 'bind-failing' ? driver.sweepBind(fault) : driver.sweepOpen(fault));
  allocFailures(count);
  await driver.restore();
}
