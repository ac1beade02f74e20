// SPDX-License-Identifier: Apache-2.0
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';

/** A card with its driver, as one line of a table. */
export interface Subject {
  readonly name: string;
  /** QEMU's device type. */
  readonly model: string;
  /** Name of the kernel's driver, and the bus on which it registers. */
  readonly driver: string;
  readonly bus: 'pci' | 'virtio';
  /** Which of this repository's drivers it is; absent for one of the kernel's own. */
  readonly own?: OwnDriver;
}

const ferronic = (own: OwnDriver): Subject => ({
  name: `ferronic-${own}`,
  model: 'ferronic',
  driver: ownDrivers[own].module,
  bus: 'pci',
  own,
});

/** The lab's NIC with both drivers, and the other fast NICs that QEMU has. */
export const subjects: readonly Subject[] = [
  ferronic('rust'),
  ferronic('c'),
  { name: 'e1000e', model: 'e1000e', driver: 'e1000e', bus: 'pci' },
  { name: 'igb', model: 'igb', driver: 'igb', bus: 'pci' },
  { name: 'virtio-net', model: 'virtio-net-pci', driver: 'virtio_net', bus: 'virtio' },
];

/** Those drivers of this repository that are among the subjects. */
export function ownDriversOf(chosen: readonly Subject[]): readonly OwnDriver[] {
  return chosen.flatMap(({ own }) => (own === undefined ? [] : [own]));
}
