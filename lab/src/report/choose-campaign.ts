// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../errors.ts';
import type { StoredCampaign } from '../store/result-store.ts';

/** The latest campaign that was asked for as one; if there is none, the latest runs. `all` is sorted, the latest first. */
export function latestCampaign(all: readonly StoredCampaign[]): StoredCampaign {
  const latest = all.find(({ record }) => record !== null) ?? all[0];
  if (latest === undefined) {
    throw new UsageError('NO_CAMPAIGN', 'there is no campaign to report of', {
      remedy:
        'Run one: ferrolab soak --minutes 5. LAB_STATE_DIR says where results are looked for.',
    });
  }
  return latest;
}

/** The campaign with this id, the latest with this name, or the only one whose id begins so; UsageError otherwise. */
export function chooseCampaign(all: readonly StoredCampaign[], wanted: string): StoredCampaign {
  const found = all.find(({ id }) => id === wanted) ?? all.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const [one, ...others] = all.filter(({ id }) => id.startsWith(wanted));
  if (one === undefined) {
    throw new UsageError('NO_CAMPAIGN', `there is no campaign '${wanted}'`, {
      remedy: 'ferrolab report --list says which there are.',
    });
  }
  if (others.length > 0) {
    throw new UsageError(
      'MANY_CAMPAIGNS',
      `${others.length + 1} campaigns begin with '${wanted}'`,
      {
        remedy: `Give more of the id: ${[one, ...others]
          .slice(0, 5)
          .map(({ id }) => id)
          .join(', ')}`,
      },
    );
  }
  return one;
}

/** The campaign of the same name before it; null when it has no name, or is the first. */
export function previousCampaign(
  all: readonly StoredCampaign[],
  { id, name, startedAt }: StoredCampaign,
): StoredCampaign | null {
  if (name === null) return null;
  const before = all.filter(
    (one) => one.name === name && one.id !== id && one.startedAt < startedAt,
  );
  return before.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0] ?? null;
}
