// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import type { Recipe } from '../recipe.ts';
import { inToolchain, withEnvironment } from '../toolchain-sandbox.ts';
import { toolchainRecipe } from './toolchain.ts';

/** The guest's user space: `initramfs.cpio`, with the SSH keys `client_key` and `host_key.pub`. */
export function initramfsRecipe(): Recipe {
  return {
    name: 'initramfs',
    inputs: ['images/initramfs'],
    parameters: {},
    dependsOn: [toolchainRecipe()],
    identity: ['initramfs.cpio'],
    estimateSeconds: 4,
    async build({ root, out, dependency, run }) {
      const mounts = [
        { host: join(root, 'images/initramfs'), at: '/lab/recipe' },
        { host: out, at: '/lab/out', writable: true },
      ];
      const argv = withEnvironment({ SRC: '/lab/recipe', OUT: '/lab/out' }, [
        'bash',
        '/lab/recipe/build.sh',
      ]);
      await run(inToolchain({ tree: join(dependency('toolchain').dir, 'tree'), mounts }, argv), {});
    },
  };
}
