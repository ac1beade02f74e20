// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import type { Recipe } from '../recipe.ts';
import { readSourceLock } from '../source-lock.ts';
import { checkMmdebstrap } from './toolchain.ts';

/** A Debian tree with PostgreSQL and Chromium, for tests of the store and of pages; nothing else needs it. */
export function testToolsRecipe(): Recipe {
  const { suite } = readSourceLock().toolchain;
  return {
    name: 'test-tools',
    inputs: ['images/test-tools'],
    parameters: { suite },
    dependsOn: [],
    identity: ['tree/var/lib/dpkg/status'],
    estimateSeconds: 60,
    async build({ root, out, run }) {
      checkMmdebstrap();
      await run(['bash', join(root, 'images/test-tools/build.sh')], {
        SRC: join(root, 'images/test-tools'),
        OUT: join(out, 'tree'),
        SUITE: suite,
      });
    },
  };
}
