// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LabFailure } from '../../errors.ts';
import type { Recipe } from '../recipe.ts';
import { readSourceLock } from '../source-lock.ts';

/** The Debian tree in which everything is built, and QEMU runs. */
export function toolchainRecipe(): Recipe {
  const { suite } = readSourceLock().toolchain;
  return {
    name: 'toolchain',
    inputs: ['images/toolchain'],
    parameters: { suite },
    dependsOn: [],
    identity: ['tree/var/lib/dpkg/status'],
    estimateSeconds: 75,
    async build({ root, work, out, run }) {
      checkMmdebstrap();
      await run(['bash', join(root, 'images/toolchain/build.sh')], {
        SRC: join(root, 'images/toolchain'),
        WORK: work,
        OUT: join(out, 'tree'),
        SUITE: suite,
      });
    },
  };
}

/** Throws LabFailure when the maker of Debian trees is not installed. */
export function checkMmdebstrap(): void {
  if (existsSync('/usr/bin/mmdebstrap')) return;
  throw new LabFailure('NO_MMDEBSTRAP', 'mmdebstrap is not installed', {
    remedy: 'Run `make setup`, or: sudo apt-get install mmdebstrap',
  });
}
