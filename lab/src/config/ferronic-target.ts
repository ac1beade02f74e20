// SPDX-License-Identifier: Apache-2.0
import type { TargetConfig, WorkloadConfig } from './define-lab.ts';

/** The load of every workload here; they differ in what else is done to the driver. */
const usual = {
  churnMs: 25_000,
  rounds: 16,
  trafficMs: [500, 1_500],
  payloadBytes: 1_000,
} as const satisfies WorkloadConfig;

/** What both drivers show to user space. */
const files = { proc: '/proc/driver/*/{device}/*', char: '/dev/ferronic*' } as const;

/** The lab's own NIC with its Rust driver and the C twin. */
export const ferronicTarget = {
  device: { model: 'ferronic', pciId: '1234:fe01', vectors: 9 },
  drivers: {
    rust: {
      module: 'ferronic',
      language: 'rust',
      source: 'kernel-module/rust',
      defects: 'kernel-module/defects',
      files,
    },
    c: {
      module: 'ferronic_c',
      language: 'c',
      source: 'kernel-module/c',
      defects: 'kernel-module/defects',
      files,
    },
  },
  workloads: {
    'traffic-churn': usual,
    // For trying things: many short runs.
    brief: { ...usual, churnMs: 1_500, rounds: 3, trafficMs: [100, 300] },
    'broken-device': { ...usual, faults: ['irq-storm', 'link-flap', 'device-fault'] },
    'reload-leaks': { ...usual, churnMs: 15_000, atEnd: ['kmemleak'] },
    'up-down': { ...usual, steps: ['traffic', 'up-down'], atEnd: ['kmemleak'] },
    rebind: { ...usual, steps: ['traffic', 'rebind', 'remove-rescan'] },
    removal: { ...usual, steps: ['traffic', 'surprise-removal'] },
    reset: { ...usual, steps: ['traffic', 'reset-function'] },
    suspend: { ...usual, steps: ['traffic', 'suspend'] },
    rings: { ...usual, steps: ['traffic', 'ring-resize', 'ring-resize-failing'] },
    ethtool: { ...usual, steps: ['ethtool-churn', 'ethtool-eeprom', 'self-test'] },
    proc: { ...usual, steps: ['proc-readers', 'proc-across-unbind'] },
    'char-device': {
      ...usual,
      steps: ['char-device', 'char-open-failing', 'char-across-unbind'],
      atEnd: ['kmemleak'],
    },
    'failing-allocations': {
      ...usual,
      churnMs: 60_000,
      steps: ['traffic', 'bind-failing', 'open-failing'],
      atEnd: ['kmemleak'],
    },
    'traffic-profiles': {
      ...usual,
      traffic: ['ping', 'small', 'imix', 'large', 'bursts', 'jumbo', 'tcp', 'udp', 'both-ways'],
      steps: ['traffic', 'generator'],
    },
    generator: { ...usual, steps: ['generator'] },
    'two-machines': {
      ...usual,
      churnMs: 40_000,
      steps: ['traffic', 'peer-traffic', 'up-down', 'rebind'],
    },
    unplug: { ...usual, churnMs: 40_000, steps: ['traffic', 'hot-unplug'] },
    processors: { ...usual, steps: ['traffic', 'cpu-hotplug', 'ring-resize'] },
    'reset-while-down': { ...usual, steps: ['traffic', 'reset-while-down'] },
    counters: { ...usual, steps: ['traffic'], atEnd: ['counters'] },
    'mixed-use': {
      ...usual,
      churnMs: 45_000,
      steps: [
        'traffic',
        'up-down',
        'ring-resize',
        'ring-resize-failing',
        'ethtool-churn',
        'ethtool-eeprom',
        'proc-readers',
        'char-device',
        'char-open-failing',
      ],
      atEnd: ['counters', 'kmemleak'],
    },
    'mixed-removal': {
      ...usual,
      churnMs: 45_000,
      steps: [
        'traffic',
        'rebind',
        'proc-across-unbind',
        'char-across-unbind',
        'remove-rescan',
        'reset-function',
        'suspend',
        'self-test',
      ],
      atEnd: ['kmemleak'],
    },
  },
  search: [
    'traffic-churn',
    'mixed-use',
    'mixed-removal',
    'reload-leaks',
    'failing-allocations',
    'counters',
  ],
  faults: ['irq-storm', 'link-flap', 'device-fault', 'alloc-failure'],
  profiles: {
    none: [],
    'broken-device': ['irq-storm', 'link-flap', 'device-fault'],
    'no-memory': ['alloc-failure'],
    all: ['irq-storm', 'link-flap', 'device-fault', 'alloc-failure'],
  },
} as const satisfies TargetConfig;
