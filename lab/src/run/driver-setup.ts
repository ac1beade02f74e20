// SPDX-License-Identifier: Apache-2.0
import type { DriverTraits } from '../config/define-lab.ts';
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

export interface SetupOptions {
  /** Told when, from now on, all is in the driver's hands. */
  readonly onBegin?: () => void;
  readonly traits?: DriverTraits | undefined;
}

/** Loads the driver, binds it to its devices and joins these: where every workload begins. */
export async function setUpDriver(
  guest: Guest,
  { module, pciId, atEnd }: DriverSetup,
  onLoad: (sections: ModuleSections) => void,
  { onBegin = () => undefined, traits }: SetupOptions = {},
): Promise<GuestDriver> {
  const driver = await GuestDriver.find(guest, module, pciId, { onLoad, traits });
  await prepareEndChecks(atEnd, guest);
  onBegin();
  await driver.load();
  await driver.bind();
  await driver.linkUp();
  return driver;
}
