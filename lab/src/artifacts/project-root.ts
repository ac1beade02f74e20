// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabFailure } from '../errors.ts';

/** Folder of the checkout this code runs from: the nearest one above that holds `images/`. */
export function projectRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'images', 'sources.lock.json'))) return folder;
    if (folder === dirname(folder)) {
      throw new LabFailure(
        'NO_CHECKOUT',
        'the recipes in images/ were not found above this program',
        {
          remedy: 'Run ferrolab from a checkout of the project.',
        },
      );
    }
  }
}
