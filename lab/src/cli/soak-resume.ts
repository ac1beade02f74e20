// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { UsageError } from '../errors.ts';
import { remainingMs } from '../soak/soak-campaign.ts';
import { usedMs } from '../soak/used-time.ts';
import { type CampaignFolder, campaignIds, readCampaign } from '../store/campaign-folder.ts';
import type { StateDirectory } from '../store/state-directory.ts';

/**
 * Id of the campaign to go on with: the one called `wanted`, or the latest of this machine that has the name, did not
 * come to its end, and has time left; undefined when there is none.
 */
export async function unfinishedCampaign(
  state: StateDirectory,
  wanted: string | true,
  name: string | null,
): Promise<string | undefined> {
  const ids = await campaignIds(state);
  if (wanted !== true) return theOne(ids, wanted);
  let latest: CampaignFolder | undefined;
  for (const id of ids) {
    // One that cannot be read is reported when the results are opened.
    const folder = await readCampaign(state, id).catch(() => undefined);
    if (folder === undefined || !isOpen(folder, name)) continue;
    if (remainingMs(folder.record, await usedMs(state, id)) === 0) continue;
    if (latest === undefined || folder.record.startedAt > latest.record.startedAt) latest = folder;
  }
  return latest?.record.id;
}

function theOne(ids: readonly string[], wanted: string): string {
  const found = ids.filter((id) => id.startsWith(wanted));
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  throw new UsageError('NO_CAMPAIGN', `${found.length} campaigns are called '${wanted}'`, {
    remedy: 'ferrolab report --list says the ids of all.',
  });
}

function isOpen({ record, end }: CampaignFolder, name: string | null): boolean {
  const ended = end !== null && end.end.kind !== 'interrupted';
  return !ended && record.host === hostname() && record.name === name;
}
