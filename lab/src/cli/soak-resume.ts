// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { UsageError } from '../errors.ts';
import { campaignIds, readCampaign } from '../store/campaign-folder.ts';
import type { StateDirectory } from '../store/state-directory.ts';

/**
 * Id of the campaign to go on with: the one called `wanted`, or the latest of this machine that has the name and did
 * not come to its end; undefined when there is none.
 */
export async function unfinishedCampaign(
  state: StateDirectory,
  wanted: string | true,
  name: string | null,
): Promise<string | undefined> {
  const ids = await campaignIds(state);
  if (wanted !== true) {
    const found = ids.filter((id) => id === wanted || id.startsWith(wanted));
    const [only, another] = found;
    if (only !== undefined && another === undefined) return only;
    throw new UsageError('NO_CAMPAIGN', `${found.length} campaigns are called '${wanted}'`, {
      remedy: 'ferrolab report --list says the ids of all.',
    });
  }
  const folders = [];
  for (const id of ids) folders.push(await readCampaign(state, id).catch(() => undefined));
  const unfinished = folders.filter((folder) => {
    if (folder === undefined || folder.record.host !== hostname()) return false;
    const open = folder.end === null || folder.end.end.kind === 'interrupted';
    return open && folder.record.name === name;
  });
  const latest = unfinished.reduce<(typeof unfinished)[number]>(
    (last, one) => ((one?.record.startedAt ?? '') > (last?.record.startedAt ?? '') ? one : last),
    undefined,
  );
  return latest?.record.id;
}
