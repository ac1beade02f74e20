// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript, unsupported } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** A device goes under traffic without a word, the driver finds out, and the device comes back. */
export interface SurpriseRemovalStep {
  readonly step: 'surprise-removal';
  readonly device: number;
  /** How long the driver is left with a dead device before the kernel takes it away, in milliseconds. */
  readonly deadMs: number;
}

export function drawSurpriseRemoval(random: SeededRandom): SurpriseRemovalStep {
  return { step: 'surprise-removal', device: random.int(0, 1), deadMs: random.int(0, 1_500) };
}

export async function surpriseRemoval(
  { device, deadMs }: SurpriseRemovalStep,
  context: StepContext,
): Promise<void> {
  const { surprise, driver } = context;
  const doing = 'removing a device without notice';
  if (surprise === undefined) {
    throw unsupported(doing, 'surprise removal of this device');
  }
  await Promise.all([
    runScript(context, doing, `noise 10; sleep ${(deadMs / 1_000).toFixed(3)}; quiet`),
    surprise.remove(device),
  ]);
  const path = `/sys/bus/pci/devices/${driver.device(device)}`;
  await context.guest.run(doing, `echo 1 >${path}/remove`);
  await surprise.giveBack(device);
  await context.guest.run(
    'finding the device again',
    `echo 1 >/sys/bus/pci/rescan; [ -e ${path} ]`,
  );
  await driver.restore();
}
