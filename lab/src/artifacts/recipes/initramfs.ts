// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import type { BuildContext, Recipe } from '../recipe.ts';
import { inToolchain, type Mount, withEnvironment } from '../toolchain-sandbox.ts';
import { toolchainRecipe } from './toolchain.ts';

/** The guest's user space: `initramfs.cpio`. */
export function initramfsRecipe(): Recipe {
  return {
    name: 'initramfs',
    inputs: ['images/initramfs'],
    parameters: {},
    dependsOn: [toolchainRecipe()],
    identity: ['initramfs.cpio'],
    estimateSeconds: 4,
    build: async (context) => await runScript('images/initramfs', [], context),
  };
}

/**
 * The same with an SSH server of its own: `initramfs.cpio`, and the keys `client_key` and `host_key.pub`. They differ
 * each time they are made, and decide nothing: worlds name the archive without them.
 */
export function sshInitramfsRecipe(): Recipe {
  const base = initramfsRecipe();
  return {
    name: 'ssh-initramfs',
    inputs: ['images/ssh-initramfs'],
    parameters: {},
    dependsOn: [toolchainRecipe(), base],
    identity: ['initramfs.cpio'],
    estimateSeconds: 1,
    build: async (context) => {
      const mounts = [{ host: context.dependency(base.name).dir, at: '/lab/initramfs' }];
      await runScript('images/ssh-initramfs', mounts, context);
    },
  };
}

/** Runs the script of a folder of recipes in the toolchain's tree. */
async function runScript(
  folder: string,
  more: readonly Mount[],
  { root, out, dependency, run }: BuildContext,
): Promise<void> {
  const mounts = [
    { host: join(root, folder), at: '/lab/recipe' },
    { host: out, at: '/lab/out', writable: true },
    ...more,
  ];
  const environment = {
    SRC: '/lab/recipe',
    INITRAMFS: '/lab/initramfs/initramfs.cpio',
    OUT: '/lab/out',
  };
  const argv = withEnvironment(environment, ['bash', '/lab/recipe/build.sh']);
  await run(inToolchain({ tree: join(dependency('toolchain').dir, 'tree'), mounts }, argv), {});
}
