// SPDX-License-Identifier: Apache-2.0

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '../recipe.ts';
import { inToolchain, withEnvironment } from '../toolchain-sandbox.ts';
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
  /** Folder of its sources, relative to the checkout. */
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
      const mounts = [
        { host: join(root, 'images/driver'), at: '/lab/recipe' },
        { host: join(root, driver.source), at: '/lab/driver' },
        { host: kernelSourceFolder(dependency('kernel-source').dir), at: '/lab/source' },
        { host: join(dependency(kernel.name).dir, 'build'), at: '/lab/build' },
        { host: module, at: '/lab/module', writable: true },
        { host: out, at: '/lab/out', writable: true },
        ...(driver.patch ? [{ host: join(root, driver.patch.file), at: '/lab/defect.patch' }] : []),
      ];
      const argv = withEnvironment(
        { MODULE: driver.module, PATCH: driver.patch ? '/lab/defect.patch' : '' },
        ['bash', '/lab/recipe/build.sh'],
      );
      await run(inToolchain({ tree: join(dependency('toolchain').dir, 'tree'), mounts }, argv), {});
    },
  };
}
