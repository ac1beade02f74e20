// SPDX-License-Identifier: Apache-2.0
import { defineLab } from './lab/src/config/define-lab.ts';
import { e1000eTarget } from './lab/src/config/e1000e-target.ts';
import { ferronicTarget } from './lab/src/config/ferronic-target.ts';

/** Which devices the lab emulates, and which drivers, workloads and faults each is tested with. */
export const lab = defineLab({
  targets: {
    ferronic: ferronicTarget,
    e1000e: e1000eTarget,
  },
  campaigns: {
    // Rust against its C twin, on the same seeds' kinds of worlds, and a driver nobody here wrote.
    nightly: {
      hours: 8,
      subjects: [
        { target: 'ferronic', driver: 'rust', sim: 3, live: 2 },
        { target: 'ferronic', driver: 'c', sim: 3, live: 2 },
        { target: 'e1000e', driver: 'c', sim: 1, live: 1 },
      ],
      canary: { target: 'ferronic', driver: 'c', defect: 'work-uaf' },
    },
    // A few minutes on the fast kernel, to see whether all of the lab works here.
    quick: {
      hours: 0.1,
      subjects: [
        { target: 'ferronic', driver: 'rust', kernels: ['fast'], workloads: ['brief'] },
        { target: 'ferronic', driver: 'c', kernels: ['fast'], workloads: ['brief'] },
      ],
      canary: {
        target: 'ferronic',
        driver: 'c',
        defect: 'irq-before-rings',
        kernel: 'fast',
        workload: 'brief',
        mode: 'sim',
      },
    },
    // An hour that shows what a campaign is: both drivers, and C with three of the mistakes of the catalogue.
    hour: {
      hours: 1,
      subjects: [
        { target: 'ferronic', driver: 'rust', workloads: ['traffic-churn', 'mixed-use'] },
        { target: 'ferronic', driver: 'c', workloads: ['traffic-churn', 'mixed-use'] },
        ...[
          { defect: 'work-uaf', workloads: ['traffic-churn'] },
          { defect: 'rx-tx-ring-race', workloads: ['traffic-churn'] },
          { defect: 'dma-free-while-active', workloads: ['rings'] },
        ].map((mistake) => ({ target: 'ferronic', driver: 'c', ...mistake })),
      ],
      canary: { target: 'ferronic', driver: 'c', defect: 'napi-not-disabled' },
    },
  },
});
