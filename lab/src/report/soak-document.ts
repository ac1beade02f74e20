// SPDX-License-Identifier: Apache-2.0
import { type FaultType, faultTypes } from '../config/fault-types.ts';
import type { FaultCount, FaultTally } from '../fault-tally.ts';
import type { CampaignSummary } from './campaign-summary.ts';

/** The JSON document of `lab soak --json`. */
export function soakDocument(summary: CampaignSummary) {
  const { campaignId, cell, seed, cycles, verdicts, exposureHours, mtbf } = summary;
  return {
    campaign: campaignId,
    ...cell,
    seed,
    interrupted: summary.end.kind === 'interrupted',
    gaveUp: summary.end.kind === 'gave-up' ? summary.end.reason : null,
    cycles,
    exposureHours,
    verdicts,
    faultsRequested: pickCounts(summary.faults, (count) => count.requested),
    faultsDelivered: pickCounts(summary.faults, (count) => count.delivered),
    deadFaults: summary.deadFaults,
    crashes: summary.crashes,
    mtbfHours: { estimate: mtbf.estimate, lower95: mtbf.lower, upper95: mtbf.upper },
    troubles: summary.troubles,
  };
}

function pickCounts(
  tally: FaultTally,
  pick: (count: FaultCount) => number,
): Record<FaultType, number> {
  return Object.fromEntries(faultTypes.map((type) => [type, pick(tally[type])] as const)) as Record<
    FaultType,
    number
  >;
}
