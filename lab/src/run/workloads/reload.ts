// SPDX-License-Identifier: Apache-2.0
import type { WorkloadConfig } from '../../config/define-lab.ts';
import type { Leaving } from '../../config/step-names.ts';
import type { TrafficProfile } from '../../config/traffic-profiles.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';

/** As much as goes through. */
export interface Traffic {
  readonly step: 'traffic';
  readonly trafficMs: number;
  /** `ping` unless told. */
  readonly profile?: TrafficProfile;
}

/** The driver leaves its devices; `bind` and `open` bring it back. */
export interface Unload {
  readonly step: 'unload';
  readonly how: Leaving;
}

/** The four steps of load and unload churn. */
export type Reload = Traffic | Unload | { readonly step: 'bind' } | { readonly step: 'open' };

const usualLeaving = ['rmmod', 'rmmod', 'rmmod', 'unbind', 'unbind', 'down'] as const;

export function drawTraffic(random: SeededRandom, workload: WorkloadConfig): Traffic {
  const trafficMs = random.int(...workload.trafficMs);
  const { traffic } = workload;
  return traffic === undefined
    ? { step: 'traffic', trafficMs }
    : { step: 'traffic', trafficMs, profile: random.pick(traffic) };
}

export function drawUnload(random: SeededRandom, { leave = usualLeaving }: WorkloadConfig): Unload {
  return { step: 'unload', how: random.pick(leave) };
}
