// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ownDrivers } from '../../lab/src/artifacts/recipes/driver-builds.ts';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { type Defect, defectFolders, loadCatalogue } from '../../lab/src/defects/catalogue.ts';
import { checkProfiles } from '../../lab/src/defects/catalogue-run.ts';
import { namesInPage, scoreboardPage } from '../../lab/src/defects/scoreboard-page.ts';
import { patchComplaints } from './patch-applies.ts';

/**
 * Mistakes in the manifests, patches that do not apply to the drivers as they are, and defects that the
 * scoreboard's page has and the catalogue has not, or the other way round. What was measured is not looked
 * at: that takes hours.
 */
export function catalogueComplaints(root: string): string[] {
  try {
    const catalogue = loadCatalogue(root);
    checkProfiles(catalogue, ferronicTarget);
    return [...stalePatches(root, catalogue), ...pageComplaints(root)];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function stalePatches(root: string, catalogue: readonly Defect[]): string[] {
  return catalogue.flatMap(({ cPatch, rustPatch }) => [
    ...stalePatch(root, cPatch, ownDrivers.c.source),
    ...(rustPatch === null ? [] : stalePatch(root, rustPatch, ownDrivers.rust.source)),
  ]);
}

function stalePatch(root: string, patch: string, source: string): string[] {
  const complaints = patchComplaints(readFileSync(patch, 'utf8'), (file) => {
    const path = join(root, source, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  });
  return complaints.map((complaint) => `${relative(root, patch)} ${complaint}`);
}

function pageComplaints(root: string): string[] {
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
