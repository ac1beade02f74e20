// SPDX-License-Identifier: Apache-2.0
import type { EndCheckName } from '../config/step-names.ts';
import type { Guest } from './guest.ts';
import { GuestDriver } from './guest-driver.ts';
import type { ModuleSections } from './module-sections.ts';
import { prepareEndChecks } from './workloads/end-checks.ts';

/** The driver that a workload is for. */
export interface DriverSetup {
  readonly module: string;
  /** PCI identity of its devices, `vendor:device`. */
  readonly pciId: string;
  /** Checks that need something from the time before it is loaded. */
  readonly atEnd: readonly EndCheckName[];
}

/** Loads the driver, binds it to its devices and joins these: where every workload begins. `onBegin`: from now on it is in the driver's hands. */
export async function setUpDriver(
  guest: Guest,
  { module, pciId, atEnd }: DriverSetup,
  onLoad: (sections: ModuleSections) => void,
  onBegin: () => void = () => undefined,
): Promise<GuestDriver> {
  const driver = await GuestDriver.find(guest, module, pciId, onLoad);
  await prepareEndChecks(atEnd, guest);
  onBegin();
  await driver.load();
  await driver.bind();
  await driver.linkUp();
  return driver;
}
