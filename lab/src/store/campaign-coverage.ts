// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorldCoverageReport, WorldCoverageState } from '../coverage/world-coverage.ts';
import { writeDurably } from '../run/durable-file.ts';
import type { PooledCell } from '../verdict.ts';
import { campaignFolder } from './campaign-folder.ts';
import type { StateDirectory } from './state-directory.ts';

/** What the runs of a cell have reached of its driver: a file of `campaigns/ID/coverage/`. */
export interface CellCoverage {
  readonly version: 1;
  readonly cell: PooledCell;
  readonly coverage: WorldCoverageReport;
  /** To go on from. */
  readonly state: WorldCoverageState;
}

/** Puts the coverage of a cell on the disk; `name` is the cell's within its campaign. */
export async function writeCoverage(
  state: StateDirectory,
  campaignId: string,
  name: string,
  coverage: CellCoverage,
): Promise<void> {
  const folder = coverageFolder(state, campaignId);
  await mkdir(folder, { recursive: true });
  await writeDurably(join(folder, `${name}.json`), `${JSON.stringify(coverage)}\n`);
}

/** The coverage of a cell so far; undefined when there is none that can be read. */
export async function readCoverage(
  state: StateDirectory,
  campaignId: string,
  name: string,
): Promise<CellCoverage | undefined> {
  return await readFileOf(join(coverageFolder(state, campaignId), `${name}.json`));
}

/** The coverage of all cells of a campaign. */
export async function campaignCoverage(
  state: StateDirectory,
  campaignId: string,
): Promise<readonly CellCoverage[]> {
  const folder = coverageFolder(state, campaignId);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const all = await Promise.all(names.map((name) => readFileOf(join(folder, name))));
  return all.filter((one) => one !== undefined);
}

function coverageFolder(state: StateDirectory, campaignId: string): string {
  return join(campaignFolder(state, campaignId), 'coverage');
}

async function readFileOf(path: string): Promise<CellCoverage | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as CellCoverage;
  } catch {
    // It says how far the tests reach, and nothing of what they have found.
    return undefined;
  }
}
