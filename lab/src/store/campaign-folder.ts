// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CampaignEndRecord, CampaignRecord } from '../campaign-record.ts';
import { LabFailure } from '../errors.ts';
import { writeDurably } from '../run/durable-file.ts';
import type { StateDirectory } from './state-directory.ts';

/** What the folder of a campaign holds. */
export interface CampaignFolder {
  readonly record: CampaignRecord;
  readonly end: CampaignEndRecord | null;
}

const recordFile = 'campaign.json';
const endFile = 'end.json';

/** Puts a new campaign on the disk, where it outlives the database. */
export async function writeCampaign(state: StateDirectory, record: CampaignRecord): Promise<void> {
  const folder = campaignFolder(state, record.id);
  await mkdir(folder, { recursive: true });
  await writeDurably(join(folder, recordFile), `${JSON.stringify(record, null, 2)}\n`);
}

/** Notes how a campaign has ended, for now. */
export async function writeCampaignEnd(
  state: StateDirectory,
  id: string,
  end: CampaignEndRecord,
): Promise<void> {
  const path = join(campaignFolder(state, id), endFile);
  await writeDurably(path, `${JSON.stringify(end)}\n`);
}

/** Reads the folder of a campaign; rejects with LabFailure when it is not one. */
export async function readCampaign(state: StateDirectory, id: string): Promise<CampaignFolder> {
  const folder = campaignFolder(state, id);
  try {
    const record = JSON.parse(await readFile(join(folder, recordFile), 'utf8')) as CampaignRecord;
    const end = join(folder, endFile);
    return {
      record,
      end: existsSync(end) ? (JSON.parse(await readFile(end, 'utf8')) as CampaignEndRecord) : null,
    };
  } catch (cause) {
    throw new LabFailure('BAD_CAMPAIGN', `${folder} cannot be read as a campaign`, {
      remedy: 'Move the folder away; its runs are kept, as runs of no campaign.',
      cause,
    });
  }
}

/** Ids of the campaigns that have a folder, the earliest first. */
export async function campaignIds(state: StateDirectory): Promise<readonly string[]> {
  if (!existsSync(state.campaigns)) return [];
  const entries = await readdir(state.campaigns, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** The folder of a campaign. */
export function campaignFolder(state: StateDirectory, id: string): string {
  return join(state.campaigns, id);
}
