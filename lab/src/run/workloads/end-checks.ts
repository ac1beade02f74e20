// SPDX-License-Identifier: Apache-2.0
import type { EndCheckName } from '../../config/step-names.ts';
import type { Guest } from '../guest.ts';
import { counters } from './counters.ts';
import { forgetOldLeaks, kmemleak } from './kmemleak.ts';
import type { StepContext } from './step-context.ts';

/** What a check needs from the time before the driver is loaded. */
export async function prepareEndChecks(
  checks: readonly EndCheckName[],
  guest: Guest,
): Promise<void> {
  if (checks.includes('kmemleak')) {
    await forgetOldLeaks(guest);
  }
}

/** Asks the guest, in order. `kmemleak` comes last: it takes the driver off its devices. */
export async function runEndChecks(
  checks: readonly EndCheckName[],
  context: StepContext,
): Promise<void> {
  if (checks.includes('counters')) {
    await counters(context);
  }
  if (checks.includes('kmemleak')) {
    await kmemleak(context);
  }
}
