// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** A device is removed from the bus under traffic, in order, and found again. */
export interface RemoveRescan {
  readonly step: 'remove-rescan';
  readonly device: number;
}

export function drawRemoveRescan(random: SeededRandom): RemoveRescan {
  return { step: 'remove-rescan', device: random.int(0, 1) };
}

export async function removeRescan({ device }: RemoveRescan, context: StepContext): Promise<void> {
  await runScript(
    context,
    'removing a device from the bus',
    `noise 10
echo 1 >/sys/bus/pci/devices/${context.driver.device(device)}/remove
quiet
echo 1 >/sys/bus/pci/rescan
[ -e /sys/bus/pci/devices/${context.driver.device(device)} ]`,
  );
  await context.driver.restore();
}
