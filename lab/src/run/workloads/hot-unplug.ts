// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript, unsupported } from './guest-script.ts';
import type { StepContext } from './step-context.ts';
import { findAgain, slotOf } from './surprise-removal.ts';

/** A card is asked for in order, the kernel takes the driver off it under traffic, and it is put back. */
export interface HotUnplug {
  readonly step: 'hot-unplug';
  /** 0 is the device on this side of the link. */
  readonly device: number;
  /** The interface is down already when the card goes. */
  readonly down: boolean;
}

/** The kernel waits so long whether somebody changes their mind: `pciehp`'s blinking, in seconds. */
const quietSeconds = 4.5;

export function drawHotUnplug(random: SeededRandom): HotUnplug {
  return { step: 'hot-unplug', device: random.int(0, 1), down: random.chance(0.2) };
}

export async function hotUnplug({ device, down }: HotUnplug, context: StepContext): Promise<void> {
  const { slots, driver } = context;
  const doing = 'unplugging a device';
  if (slots === undefined) {
    throw unsupported(doing, 'slot of a card');
  }
  const address = driver.device(device);
  const path = `/sys/bus/pci/devices/${address}`;
  const slot = await slotOf(address, context);
  await slots.press(slot);
  // IFF_BROADCAST | IFF_MULTICAST, without IFF_UP.
  const first = down ? 'echo 0x1002 >/sys/class/net/$near/flags' : 'noise 4';
  await runScript(
    context,
    doing,
    `sleep ${quietSeconds}
${first}
tries=0
while [ -e ${path} ]; do
	tries=$((tries + 1))
	[ $tries -le 500 ] || wrong "$m does not let go of a device that is to be unplugged | ${path} is still there"
	sleep 0.05
done
quiet
# The kernel waits a second for the power to go; then the slot is empty.
until read -r present </sys/bus/pci/slots/${slot}/adapter && [ "$present" = 0 ]; do
	tries=$((tries + 1))
	[ $tries -le 600 ] || { echo 'the slot does not become empty' >&2; exit 1; }
	sleep 0.05
done`,
  );
  await slots.putBack(slot);
  await findAgain(path, context);
  await driver.restore();
}
