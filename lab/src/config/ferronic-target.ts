// SPDX-License-Identifier: Apache-2.0
import type { TargetConfig } from './define-lab.ts';

/** The lab's own NIC with its Rust driver and the C twin. */
export const ferronicTarget = {
  device: { model: 'ferronic', pciId: '1234:fe01', vectors: 3 },
  drivers: {
    rust: {
      module: 'ferronic',
      language: 'rust',
      source: 'kernel-module/rust',
      defects: 'kernel-module/defects',
    },
    c: {
      module: 'ferronic_c',
      language: 'c',
      source: 'kernel-module/c',
      defects: 'kernel-module/defects',
    },
  },
  workloads: {
    'traffic-churn': {
      churnMs: 25_000,
      rounds: 16,
      trafficMs: [500, 1_500],
      payloadBytes: 1_000,
    },
  },
  faults: ['irq-storm', 'link-flap', 'alloc-failure'],
} as const satisfies TargetConfig;
