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
] as const;
export type StepName = (typeof stepNames)[number];

/** What can be asked of the guest when the rounds are over. */
export const endCheckNames = ['counters', 'kmemleak'] as const;
export type EndCheckName = (typeof endCheckNames)[number];

/** The round that a workload has unless it says otherwise. */
export const reloadRound: readonly StepName[] = ['traffic', 'unload', 'bind', 'open'];
