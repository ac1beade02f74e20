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

/** Traffic before the device goes, in milliseconds. */
const noiseMs = 500;

export function drawSurpriseRemoval(random: SeededRandom): SurpriseRemovalStep {
  return { step: 'surprise-removal', device: random.int(0, 1), deadMs: random.int(0, 1_500) };
}

export async function surpriseRemoval(
  { device, deadMs }: SurpriseRemovalStep,
  context: StepContext,
): Promise<void> {
  const { slots, driver } = context;
  const doing = 'removing a device without notice';
  if (slots?.canSurprise !== true) {
    throw unsupported(doing, 'surprise removal of this device');
  }
  const slot = await slotOf(driver.device(device), context);
  // By then the guest has begun to make noise; afterwards there may be no interface to make it on.
  const seconds = ((noiseMs + deadMs) / 1_000).toFixed(3);
  await slots.removeDuring(slot, noiseMs, async () => {
    await runScript(context, doing, `noise 10; sleep ${seconds}; quiet`, 'no interface');
  });
  const path = `/sys/bus/pci/devices/${driver.device(device)}`;
  // The slot tells the kernel, which takes the driver off what is not there any more.
  await runScript(
    context,
    doing,
    `tries=0
while [ -e ${path} ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || wrong "$m does not let go of a device that has gone | ${path} is still there"
	sleep 0.05
done`,
    'no interface',
  );
  await slots.giveBack(slot);
  await findAgain(path, context);
  await driver.restore();
}

/** Waits until the kernel has found a device that was put back. */
export async function findAgain(path: string, { guest }: StepContext): Promise<void> {
  await guest.run(
    'finding the device again',
    `tries=0
until [ -e ${path} ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || { echo 'the slot stays empty'; exit 1; }
	sleep 0.05
done`,
  );
}

/** Slot of a device, by what the guest's hot plug driver says: bus numbers come in any order. */
export async function slotOf(device: string, { guest }: StepContext): Promise<number> {
  const doing = 'looking for the slot of a device';
  const { stdout } = await guest.attempt(doing, 'grep . /sys/bus/pci/slots/*/address');
  const bus = device.replace(/\.\d+$/, '');
  const line = stdout.split('\n').find((entry) => entry.endsWith(`:${bus}`));
  const slot = line === undefined ? undefined : /\/slots\/(\d+)\//.exec(line)?.[1];
  if (slot === undefined) {
    throw unsupported(doing, 'hot plug in this kernel');
  }
  return Number(slot);
}
