// SPDX-License-Identifier: Apache-2.0
import type { TargetConfig, WorkloadConfig } from './define-lab.ts';

/** The driver is built into the kernel: it leaves its devices, and stays. */
const usual = {
  churnMs: 25_000,
  rounds: 16,
  trafficMs: [500, 1_500],
  payloadBytes: 1_000,
  leave: ['unbind', 'down'],
} as const satisfies WorkloadConfig;

/**
 * The kernel's own e1000e on QEMU's: it keeps the lab honest, as neither was written for it. QEMU's card has no
 * function-level reset, and cannot be made to report errors over AER: the bits of its Device Control that switch that on
 * are read-only. Allocations are failed by where a module's code lies, and this driver is none.
 */
export const e1000eTarget = {
  device: { model: 'e1000e', pciId: '8086:10d3', vectors: 5 },
  drivers: {
    c: {
      module: 'e1000e',
      language: 'c',
      source: null,
      defects: null,
      lacks: ['channels', 'rss', 'tx-usecs'],
    },
  },
  workloads: {
    'traffic-churn': usual,
    'traffic-profiles': {
      ...usual,
      traffic: ['ping', 'small', 'imix', 'large', 'bursts', 'jumbo', 'tcp', 'udp', 'both-ways'],
      steps: ['traffic'],
    },
    'up-down': { ...usual, steps: ['traffic', 'up-down'] },
    rebind: { ...usual, steps: ['traffic', 'rebind', 'remove-rescan'] },
    rings: { ...usual, steps: ['traffic', 'ring-resize'] },
    // Not the self test: offline it finds registers, interrupts and a loopback that QEMU's card does not have.
    ethtool: { ...usual, steps: ['traffic', 'ethtool-churn'] },
    reset: { ...usual, steps: ['traffic', 'reset-while-down'] },
    suspend: { ...usual, steps: ['traffic', 'suspend'] },
    unplug: { ...usual, churnMs: 40_000, steps: ['traffic', 'hot-unplug'] },
    processors: { ...usual, steps: ['traffic', 'cpu-hotplug'] },
    'two-machines': { ...usual, churnMs: 40_000, steps: ['traffic', 'peer-traffic', 'up-down'] },
  },
  search: ['traffic-churn', 'traffic-profiles', 'up-down', 'rebind', 'unplug'],
  faults: ['link-flap'],
  profiles: { none: [] },
} as const satisfies TargetConfig;
