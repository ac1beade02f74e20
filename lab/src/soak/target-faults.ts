// SPDX-License-Identifier: Apache-2.0
import type { KernelFlavour } from '../artifacts/recipes/kernel.ts';
import type { TargetConfig } from '../config/define-lab.ts';
import { possibleFaults } from '../config/faults-of.ts';

/** The faults of a target that can be made there. */
export function faultsOn(
  { device, faults }: TargetConfig,
  kernel: KernelFlavour,
  mode: 'live' | 'sim',
): TargetConfig['faults'] {
  const possible = possibleFaults(device, { kernel, mode });
  return faults.filter((type) => possible.includes(type));
}
