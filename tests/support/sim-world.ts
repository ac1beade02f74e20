// SPDX-License-Identifier: Apache-2.0
import type { PlannedFault } from '../../lab/src/faults/fault.ts';
import type { SimWorld } from '../../lab/src/run/world.ts';

const hash = `sha256:${'0'.repeat(64)}`;

/** A link that flaps during the traffic of a round. */
export function plannedFlap(round: number, ns: number): PlannedFault {
  const fault = { type: 'link-flap', nic: 'nic0', downNs: 1_000, count: 1 } as const;
  return { at: { ns, round, phase: 'traffic' }, fault };
}

/** Three rounds of traffic and a reload, a flap in each. */
export const threeRounds: SimWorld = {
  version: 1,
  artifacts: { qemu: hash, kernel: hash, initramfs: hash, driver: hash },
  machine: { cpus: 2, memoryMiB: 256, mode: 'sim', kernel: 'fast' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: null },
  workload: {
    name: 'traffic-churn',
    params: {
      churnMs: 60_000,
      payloadBytes: 1_000,
      rounds: [1, 2, 3].map(() => ({
        steps: [
          { step: 'traffic', trafficMs: 4_000 },
          { step: 'unload', how: 'rmmod' },
          { step: 'bind' },
          { step: 'open' },
        ],
      })),
      atEnd: ['kmemleak'],
    },
  },
  plan: [plannedFlap(0, 1), plannedFlap(1, 2), plannedFlap(2, 3)],
  seed: 7,
  schedule: { policy: 'random', sliceMax: 20_000 },
};
