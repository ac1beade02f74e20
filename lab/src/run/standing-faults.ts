// SPDX-License-Identifier: Apache-2.0
import { CommandRefusedError } from 'qemu-ipc/errors';
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import type { Wait } from 'qemu-ipc/wait';
import type { StandingFault } from '../config/device-faults.ts';
import type { SeededRandom } from '../faults/seeded-random.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import { WorkloadEnded } from './workload-end.ts';

/** A standing fault of one device, with the seed of its own random numbers. */
export interface PlannedStandingFault {
  /** Id of the NIC in QEMU. */
  readonly nic: string;
  readonly fault: StandingFault;
  readonly seed: number;
}

/** The command of a QMP connection that this needs. */
export interface StandingFaultPort {
  execute(
    command: 'ferronic-inject-fault',
    args: { path: string; fault: FerronicFault },
    wait: Wait,
  ): Promise<unknown>;
}

/** Gives each device each fault, with seeds of their own. */
export function drawStandingFaults(
  random: SeededRandom,
  faults: readonly StandingFault[],
  nics: readonly string[],
): readonly PlannedStandingFault[] {
  return faults.flatMap((fault) =>
    nics.map((nic) => ({ nic, fault, seed: random.int(0, maxSeed >>> 1) })),
  );
}

/** Tells a device of a fault; a device that does not know it is an error of the test. */
export async function injectStandingFault(
  port: StandingFaultPort,
  { nic, fault, seed }: PlannedStandingFault,
  wait: Wait,
): Promise<void> {
  try {
    // What a configuration or a manifest says is checked by QEMU against its own schema.
    const checked = { seed, ...fault } as unknown as FerronicFault;
    await port.execute(
      'ferronic-inject-fault',
      { path: `/machine/peripheral/${nic}`, fault: checked },
      wait,
    );
  } catch (error) {
    if (error instanceof CommandRefusedError) {
      const doing = `telling the device of ${fault.kind}`;
      throw new WorkloadEnded({ kind: 'refused', doing, said: error.message });
    }
    throw error;
  }
}
