// SPDX-License-Identifier: Apache-2.0
import { campaignCoverage } from '../store/campaign-coverage.ts';
import type { ResultStore, StoredCampaign } from '../store/result-store.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import { buildReport } from './build-report.ts';
import type { CampaignReport } from './campaign-report.ts';

/** Risks of the sequential test: of calling a good driver bad, and a bad one good. */
const risk = 0.1;

/** What a report is to say beside what the campaign has found. */
export interface ReportWishes {
  /** Id of the campaign to compare with; the one before of the same name unless told. */
  readonly against?: string;
  readonly goal?: { readonly mtbfHours: number; readonly insteadOfHours: number };
}

/** Reads everything that is known of a campaign into a report; undefined when there is none of this id. */
export async function readReport(
  store: ResultStore,
  state: StateDirectory,
  id: string,
  { against, goal }: ReportWishes = {},
): Promise<CampaignReport | undefined> {
  const campaigns = await store.campaigns();
  const campaign = campaigns.find((one) => one.id === id);
  if (campaign === undefined) return undefined;
  const before =
    against === undefined
      ? campaigns.find((one) => isBefore(one, campaign))
      : campaigns.find((one) => one.id === against);
  const previous =
    before === undefined ? null : { campaign: before, runs: await store.campaignRuns(before.id) };
  const coverage = await campaignCoverage(state, id);
  return await buildReport({
    campaign,
    runs: await store.campaignRuns(id),
    previous,
    lost: await store.lostRuns(id),
    goal: goal === undefined ? null : { ...goal, alpha: risk, beta: risk },
    coverage: coverage.map(({ cell, coverage: reached }) => ({ cell, coverage: reached })),
  });
}

/** Campaigns are in order, the latest first: the first that is before is the one to compare with. */
function isBefore(one: StoredCampaign, { id, name, startedAt }: StoredCampaign): boolean {
  return one.id !== id && name !== null && one.name === name && one.startedAt < startedAt;
}
