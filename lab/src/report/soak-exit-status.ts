// SPDX-License-Identifier: Apache-2.0
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { CampaignSummary } from './campaign-summary.ts';

/**
 * Exit status of a soak. A crash of the driver outweighs everything but the user's Ctrl-C; a soak
 * whose injection was dead, or that tested nothing, is a failure of the lab.
 */
export function soakExitStatus(summary: CampaignSummary): ExitStatus {
  if (summary.end.kind === 'interrupted') {
    return exitStatus.interrupted;
  }
  const { FAIL, PASS, ERROR } = summary.verdicts;
  if (FAIL > 0) {
    return exitStatus.driverFailed;
  }
  const labFailed = PASS === 0 || ERROR > 0 || summary.end.kind === 'gave-up';
  return labFailed || summary.deadFaults.length > 0 ? exitStatus.labFailed : exitStatus.ok;
}
