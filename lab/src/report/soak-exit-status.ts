// SPDX-License-Identifier: Apache-2.0
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { CampaignReport } from './campaign-report.ts';
import { sumOutcome } from './report-words.ts';

/**
 * Exit status of a soak. A crash of the driver outweighs everything but the user's Ctrl-C; a soak whose injection was
 * dead, that missed its canary, or that tested nothing, is a failure of the lab.
 */
export function soakExitStatus(report: CampaignReport): ExitStatus {
  const { end } = report.campaign;
  if (end?.kind === 'interrupted') return exitStatus.interrupted;
  if (sumOutcome(report, 'FAIL') > 0) return exitStatus.driverFailed;
  return canBeTrusted(report) ? exitStatus.ok : exitStatus.labFailed;
}

function canBeTrusted(report: CampaignReport): boolean {
  const { campaign, health } = report;
  return (
    campaign.end?.kind !== 'gave-up' &&
    sumOutcome(report, 'PASS') > 0 &&
    sumOutcome(report, 'ERROR') === 0 &&
    health.deadFaults.length === 0 &&
    health.canary?.caught !== false
  );
}
