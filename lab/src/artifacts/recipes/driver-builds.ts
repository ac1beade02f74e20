// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../project-root.ts';
import type { DriverBuild } from './driver.ts';
import { kernelFlavours } from './kernel.ts';

const DEFECTS = 'kernel-module/defects';

/** The drivers of this repository: the Rust one and its C twin. */
export const ownDrivers = {
  rust: { module: 'ferronic', source: 'kernel-module/rust', patch: 'rust.patch' },
  c: { module: 'ferronic_c', source: 'kernel-module/c', patch: 'c.patch' },
} as const;

export type OwnDriver = keyof typeof ownDrivers;

/** Names of the defects of the catalogue that have a patch for `driver`, sorted. */
export function defectNames(driver: OwnDriver): string[] {
  const folder = join(projectRoot(), DEFECTS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, ownDrivers[driver].patch)))
    .sort();
}

/** The build of `driver` for a kernel flavour, with a defect of the catalogue if one is named. */
export function driverBuild(
  driver: OwnDriver,
  kernel: DriverBuild['kernel'],
  defect?: string,
): DriverBuild {
  const { module, source, patch } = ownDrivers[driver];
  return {
    module,
    source,
    kernel,
    ...(defect === undefined
      ? {}
      : { patch: { name: defect, file: `${DEFECTS}/${defect}/${patch}` } }),
  };
}

/** The module that notes when a driver's handlers and polls are called: for measuring. */
export function probeBuild(kernel: DriverBuild['kernel']): DriverBuild {
  return { module: 'irq_probe', source: 'kernel-module/probe', kernel };
}

/** All builds: both drivers, clean and with each defect, for both kernels. */
export function driverBuilds(): DriverBuild[] {
  const drivers = Object.keys(ownDrivers) as OwnDriver[];
  return drivers
    .filter((driver) => existsSync(join(projectRoot(), ownDrivers[driver].source)))
    .flatMap((driver) =>
      kernelFlavours.flatMap((kernel) => [
        driverBuild(driver, kernel),
        ...defectNames(driver).map((defect) => driverBuild(driver, kernel, defect)),
      ]),
    );
}
