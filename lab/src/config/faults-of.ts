// SPDX-License-Identifier: Apache-2.0
import { chooseProfile } from './choose.ts';
import type { DeviceConfig, TargetConfig, WorkloadConfig } from './define-lab.ts';
import { type FaultType, usualFaultTypes } from './fault-types.ts';
import { isFerronic } from './workload-problems.ts';

/** Where faults are to be made. */
export interface FaultGround {
  readonly kernel: 'fast' | 'debug';
  readonly mode: 'live' | 'sim';
}

/**
 * The faults that a workload is run with: those of its own under the profile `usual`, else those of the profile, as far as
 * the target has them and they can be made there.
 */
export function faultsOf(
  target: Pick<TargetConfig, 'device' | 'faults' | 'profiles'>,
  workload: Pick<WorkloadConfig, 'faults'>,
  profile: string,
  ground: FaultGround,
): readonly FaultType[] {
  const wanted = chooseProfile(target, profile) ?? workload.faults ?? usualFaultTypes;
  const possible = possibleFaults(target.device, ground);
  return target.faults.filter((type) => wanted.includes(type) && possible.includes(type));
}

/**
 * The fast kernel has no fault injection. A card that cannot be told to misbehave can lose its link, by QEMU's own
 * means, at a time of the host's, which a simulated world does not have.
 */
export function possibleFaults(
  device: Pick<DeviceConfig, 'model'>,
  { kernel, mode }: FaultGround,
): readonly FaultType[] {
  const ofGuest: readonly FaultType[] = kernel === 'debug' ? ['alloc-failure'] : [];
  if (isFerronic(device)) {
    return ['irq-storm', 'link-flap', 'device-fault', ...ofGuest];
  }
  return mode === 'live' ? ['link-flap', ...ofGuest] : ofGuest;
}
