// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { defectFolders, loadCatalogue } from '../../lab/src/defects/catalogue.ts';
import { checkProfiles } from '../../lab/src/defects/catalogue-run.ts';
import { namesInPage, scoreboardPage } from '../../lab/src/defects/scoreboard-page.ts';

/**
 * Mistakes in the manifests, and defects that the scoreboard's page has and the catalogue has not, or
 * the other way round. What was measured is not looked at: that takes hours.
 */
export function catalogueComplaints(root: string): string[] {
  try {
    checkProfiles(loadCatalogue(root), ferronicTarget);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const page = join(root, scoreboardPage);
  const listed = existsSync(page) ? namesInPage(readFileSync(page, 'utf8')) : [];
  const names = defectFolders(root);
  const remedy = 'run: npm run lab:defects -- --stored --write';
  return [
    ...names
      .filter((name) => !listed.includes(name))
      .map((name) => `${scoreboardPage} lacks ${name}; ${remedy}`),
    ...listed
      .filter((name) => !names.includes(name))
      .map((name) => `${scoreboardPage} has ${name}, which is gone; ${remedy}`),
  ];
}
