// SPDX-License-Identifier: Apache-2.0
import type { WorkloadConfig } from '../../config/define-lab.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';

/** Both ways as much as goes through. */
export interface Traffic {
  readonly step: 'traffic';
  readonly trafficMs: number;
}

/** The driver leaves its devices; `bind` and `open` bring it back. */
export interface Unload {
  readonly step: 'unload';
  readonly how: 'rmmod' | 'unbind' | 'down';
}

/** The four steps of load and unload churn. */
export type Reload = Traffic | Unload | { readonly step: 'bind' } | { readonly step: 'open' };

export function drawTraffic(random: SeededRandom, { trafficMs }: WorkloadConfig): Traffic {
  return { step: 'traffic', trafficMs: random.int(...trafficMs) };
}

export function drawUnload(random: SeededRandom): Unload {
  return {
    step: 'unload',
    how: random.pick(['rmmod', 'rmmod', 'rmmod', 'unbind', 'unbind', 'down']),
  };
}
