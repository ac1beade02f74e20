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

const tries = 24;

/** Every second sweep begins at the first allocation that the driver's own text makes. */
export function drawFailingSweep(step: FailingSweep['step'], random: SeededRandom): FailingSweep {
  const own = random.chance(0.5);
  const first = 1 + tries * random.int(0, own ? 3 : 12);
  return { step, first: random.chance(0.5) ? 1 : first, tries, depth: own ? 8 : 32 };
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
