// SPDX-License-Identifier: Apache-2.0

/** What a round of a workload can consist of; each is a file in `run/workloads/`. */
export const stepNames = [
  'traffic',
  'unload',
  'bind',
  'open',
  'up-down',
  'rebind',
  'remove-rescan',
  'surprise-removal',
  'reset-function',
  'suspend',
  'ring-resize',
  'ring-resize-failing',
  'ethtool-churn',
  'ethtool-eeprom',
  'self-test',
  'proc-readers',
  'proc-across-unbind',
  'char-device',
  'char-across-unbind',
  'char-open-failing',
  'bind-failing',
  'open-failing',
  'hot-unplug',
  'reset-while-down',
  'cpu-hotplug',
  'generator',
  'peer-traffic',
] as const;
export type StepName = (typeof stepNames)[number];

/** Ways in which a driver leaves its devices. */
export type Leaving = 'rmmod' | 'unbind' | 'down';

/** Steps for which a device must be told to do something, which only `ferronic` can. */
export const ferronicSteps: readonly StepName[] = ['surprise-removal', 'generator'];
/** Steps with a second machine, which a simulated world does not have. */
export const liveSteps: readonly StepName[] = ['peer-traffic'];
/** Steps that read the driver's files in /proc, or use its character devices. */
export const procSteps: readonly StepName[] = ['proc-readers', 'proc-across-unbind'];
export const charSteps: readonly StepName[] = [
  'char-device',
  'char-across-unbind',
  'char-open-failing',
];
/** Steps in which the driver's own allocations fail: found by where the code of its module lies. */
export const allocationSteps: readonly StepName[] = [
  'ring-resize-failing',
  'char-open-failing',
  'bind-failing',
  'open-failing',
];

/** What can be asked of the guest when the rounds are over. */
export const endCheckNames = ['counters', 'kmemleak'] as const;
export type EndCheckName = (typeof endCheckNames)[number];

/** The round that a workload has unless it says otherwise. */
export const reloadRound: readonly StepName[] = ['traffic', 'unload', 'bind', 'open'];
