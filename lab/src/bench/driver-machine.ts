// SPDX-License-Identifier: Apache-2.0
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import type { NicSpec } from '../vm/machine-spec.ts';
import type { BenchParts } from './bench-parts.ts';

/** Addresses of the cards, by what they are for. */
const macs = {
  sender: '52:54:00:fe:00:01',
  partner: '52:54:00:fe:00:02',
  receiver: '52:54:00:fe:00:03',
} as const;

/** A card that says of each frame at once that it was sent: how it puts that off depends on how fast the guest is. */
const prompt = { model: 'ferronic', batchNs: 0 } as const;

/** The card whose driver sends, into a sink. */
const sender: NicSpec = {
  id: 'sender',
  ...prompt,
  mac: macs.sender,
  backend: { kind: 'sink' },
};

/** Cards that are alike, each with nothing but a sink behind it. */
export function sinkCards(count: number): readonly NicSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    ...sender,
    id: `card${index}`,
    mac: `52:54:00:fe:01:${index.toString(16).padStart(2, '0')}`,
  }));
}

/** A card that sends; and one that receives what another make of card sends, so that the load is not the driver's own. */
export const threeCards: readonly NicSpec[] = [
  sender,
  { id: 'partner', model: 'e1000e', mac: macs.partner, backend: { kind: 'hub', hub: 0 } },
  { id: 'receiver', ...prompt, mac: macs.receiver, backend: { kind: 'hub', hub: 0 } },
];

/** The archives that hold the driver, and the probe when there is one. */
export function driverArchives(parts: BenchParts, own: OwnDriver): readonly string[] {
  const { drivers, irqProbe } = parts;
  return [drivers.get(own), irqProbe].flatMap((module) =>
    module === undefined ? [] : [module.archive],
  );
}

/**
 * Loads the driver, brings the three cards up, and sets the variables sender, partner, receiver (interfaces) and
 * receiver_mac. Moderation of interrupts is turned off: what it does depends on how fast the guest happens to be.
 */
export function threeCardsScript(own: OwnDriver): string {
  return `
insmod /lib/modules/ferrolab/${ownDrivers[own].module}.ko
sender=$(interface_at ${macs.sender})
partner=$(interface_at ${macs.partner})
receiver=$(interface_at ${macs.receiver})
receiver_mac=${macs.receiver}
sink_mac=02:00:00:00:00:01
for link in $sender $partner $receiver; do up $link; done
for link in $sender $receiver; do ethtool -C $link rx-usecs 0 tx-usecs 0 >/dev/null 2>&1 || true; done
`;
}
