// SPDX-License-Identifier: Apache-2.0

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Recipe } from '../recipe.ts';
import { inToolchain, type Mount, withEnvironment } from '../toolchain-sandbox.ts';
import {
  type KernelFlavour,
  kernelRecipe,
  kernelSourceFolder,
  kernelSourceRecipe,
} from './kernel.ts';
import { toolchainRecipe } from './toolchain.ts';

export interface DriverBuild {
  /** Name of the module, without .ko. */
  readonly module: string;
  /** Folder of its sources, absolute or relative to the checkout. */
  readonly source: string;
  readonly kernel: KernelFlavour;
  /** A patch to apply first (`patch -p1` in the source folder), relative to the checkout. */
  readonly patch?: { readonly name: string; readonly file: string };
}

/** A driver module: `<module>.ko`, `driver.cpio` (to append to the initramfs), `warnings.txt`. */
export function driverRecipe(driver: DriverBuild): Recipe {
  const suffix = driver.patch ? `-${driver.patch.name}` : '';
  const kernel = kernelRecipe(driver.kernel);
  return {
    name: `driver-${driver.module}-${driver.kernel}${suffix}`,
    inputs: ['images/driver', driver.source, ...(driver.patch ? [driver.patch.file] : [])],
    parameters: { module: driver.module },
    dependsOn: [toolchainRecipe(), kernelSourceRecipe(), kernel],
    identity: [`${driver.module}.ko`],
    estimateSeconds: 15,
    async build({ root, work, out, dependency, run }) {
      const module = join(work, 'module');
      await mkdir(module, { recursive: true });
      const mounts = driverMounts({
        root,
        source: driver.source,
        kernelSource: dependency('kernel-source').dir,
        kernel: dependency(kernel.name).dir,
        module,
        out,
        ...(driver.patch ? { patch: join(root, driver.patch.file) } : {}),
      });
      const argv = withEnvironment(
        { MODULE: driver.module, PATCH: driver.patch ? '/lab/defect.patch' : '' },
        ['bash', '/lab/recipe/build.sh'],
      );
      await run(inToolchain({ tree: join(dependency('toolchain').dir, 'tree'), mounts }, argv), {});
    },
  };
}

/** Folders on the host of what a driver is built from, in and into. */
interface DriverFolders {
  /** The checkout. */
  readonly root: string;
  /** Sources, absolute or relative to the checkout. */
  readonly source: string;
  readonly kernelSource: string;
  readonly kernel: string;
  readonly module: string;
  readonly out: string;
  /** The file of a patch. */
  readonly patch?: string;
  /** What was made of the driver without the patch. */
  readonly clean?: string;
}

/** Where the scripts of `images/driver` find them in the toolchain's tree. */
export function driverMounts(folders: DriverFolders): readonly Mount[] {
  return [
    { host: join(folders.root, 'images/driver'), at: '/lab/recipe' },
    { host: resolve(folders.root, folders.source), at: '/lab/driver' },
    { host: kernelSourceFolder(folders.kernelSource), at: '/lab/source' },
    { host: join(folders.kernel, 'build'), at: '/lab/build' },
    { host: folders.module, at: '/lab/module', writable: true },
    { host: folders.out, at: '/lab/out', writable: true },
    ...(folders.patch === undefined ? [] : [{ host: folders.patch, at: '/lab/defect.patch' }]),
    ...(folders.clean === undefined ? [] : [{ host: folders.clean, at: '/lab/clean' }]),
  ];
}
