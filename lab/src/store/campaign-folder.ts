// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CampaignEndRecord, CampaignRecord } from '../campaign-record.ts';
import { LabFailure } from '../errors.ts';
import { writeDurably } from '../run/durable-file.ts';
import { pooledCell, problemsOf } from '../run/read-verdict.ts';
import { folderNames } from './folder-names.ts';
import type { StateDirectory } from './state-directory.ts';

/** What the folder of a campaign holds. */
export interface CampaignFolder {
  readonly record: CampaignRecord;
  readonly end: CampaignEndRecord | null;
}

const recordFile = 'campaign.json';
const endFile = 'end.json';

const subjectSchema = z.object({
  cell: pooledCell,
  driverName: z.string(),
  workloads: z.array(z.string()),
  share: z.number(),
  artifacts: z.object({
    qemu: z.string(),
    kernel: z.string(),
    initramfs: z.string(),
    driver: z.string(),
  }),
  configuration: z.string(),
});

const recordSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  name: z.string().nullable(),
  host: z.string(),
  seed: z.int().nonnegative(),
  startedAt: z.iso.datetime(),
  budgetMs: z.number(),
  until: z.iso.datetime().nullable(),
  subjects: z.array(subjectSchema),
  canary: subjectSchema.nullable(),
  goal: z.object({ mtbfHours: z.number(), insteadOfHours: z.number() }).nullable(),
}) satisfies z.ZodType<CampaignRecord>;

const endSchema = z.object({
  version: z.literal(1),
  end: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('budget') }),
    z.object({ kind: z.literal('interrupted') }),
    z.object({ kind: z.literal('decided'), decision: z.enum(['accept', 'reject']) }),
    z.object({ kind: z.literal('gave-up'), reason: z.string() }),
  ]),
  endedAt: z.iso.datetime(),
}) satisfies z.ZodType<CampaignEndRecord>;

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
  const record = await readMember(folder, recordFile, recordSchema);
  if (record.id !== id) throw badCampaign(folder, `${recordFile} is of campaign ${record.id}`);
  const ended = existsSync(join(folder, endFile));
  return { record, end: ended ? await readMember(folder, endFile, endSchema) : null };
}

/** The document as it was written, with all its members in their order. */
async function readMember<T>(folder: string, file: string, schema: z.ZodType<T>): Promise<T> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(join(folder, file), 'utf8'));
  } catch (cause) {
    throw badCampaign(folder, String(cause), cause);
  }
  const checked = schema.safeParse(document);
  if (!checked.success) throw badCampaign(folder, `${file}: ${problemsOf(checked.error)}`);
  return document as T;
}

function badCampaign(folder: string, problem: string, cause?: unknown): LabFailure {
  return new LabFailure('BAD_CAMPAIGN', `${folder} cannot be read as a campaign: ${problem}`, {
    remedy: 'Move the folder away; its runs are kept, as runs of no campaign.',
    cause,
  });
}

/** Ids of the campaigns that have a folder, the earliest first. */
export async function campaignIds(state: StateDirectory): Promise<readonly string[]> {
  return await folderNames(state.campaigns);
}

/** The folder of a campaign. */
export function campaignFolder(state: StateDirectory, id: string): string {
  return join(state.campaigns, id);
}
