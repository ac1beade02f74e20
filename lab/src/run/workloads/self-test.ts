// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The driver's self test, which must pass, under traffic. */
export interface SelfTest {
  readonly step: 'self-test';
  readonly mode: 'online' | 'offline';
}

export function drawSelfTest(random: SeededRandom): SelfTest {
  return { step: 'self-test', mode: random.pick(['online', 'offline']) };
}

export async function selfTest({ mode }: SelfTest, context: StepContext): Promise<void> {
  await runScript(
    context,
    'running the self test',
    `noise 20
must 'ethtool -t ${mode}' ethtool -t $near ${mode}
quiet`,
  );
  await context.driver.provesTraffic();
}
