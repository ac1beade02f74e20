// SPDX-License-Identifier: Apache-2.0
import { defineLab } from './lab/src/config/define-lab.ts';
import { ferronicTarget } from './lab/src/config/ferronic-target.ts';

/** Which devices the lab emulates, and which drivers, workloads and faults each is tested with. */
export const lab = defineLab({
  targets: {
    ferronic: ferronicTarget,
    e1000e: {
      device: { model: 'e1000e', pciId: '8086:10d3', vectors: 5 },
      drivers: {
        c: { module: 'e1000e', language: 'c', source: null, defects: null },
      },
      workloads: {
        'traffic-churn': {
          churnMs: 25_000,
          rounds: 16,
          trafficMs: [500, 1_500],
          payloadBytes: 1_000,
        },
      },
      // Allocation failures need the text of a module; the kernel has this driver built in.
      faults: [],
    },
  },
});
