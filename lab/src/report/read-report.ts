// SPDX-License-Identifier: Apache-2.0
import { campaignCoverage } from '../store/campaign-coverage.ts';
import type { ResultStore, StoredCampaign } from '../store/result-store.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import { buildReport } from './build-report.ts';
import type { CampaignReport } from './campaign-report.ts';
import { previousCampaign } from './choose-campaign.ts';

/** Risks of a wrong decision of the sequential test, each way. */
const risk = 0.05;

/** Reads everything that is known of a campaign, compared with the one before of its name, or another. */
export async function readReport(
  store: ResultStore,
  state: StateDirectory,
  campaign: StoredCampaign,
  against?: StoredCampaign | null,
): Promise<CampaignReport> {
  const { id, record } = campaign;
  const other =
    against === undefined ? previousCampaign(await store.campaigns(), campaign) : against;
  const previous =
    other === null ? null : { campaign: other, runs: await store.campaignRuns(other.id) };
  const goal = record?.goal ?? null;
  const coverage = await campaignCoverage(state, id);
  const counts = await store.campaignCounts();
  return await buildReport({
    campaign,
    runs: await store.campaignRuns(id),
    previous,
    lost: counts.get(id)?.lost ?? 0,
    goal: goal === null ? null : { ...goal, alpha: risk, beta: risk },
    coverage: coverage.map(({ cell, coverage: reached }) => ({ cell, coverage: reached })),
  });
}
