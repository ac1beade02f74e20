// SPDX-License-Identifier: Apache-2.0
import type { KernelFlavour } from '../artifacts/recipes/kernel.ts';
import type { TargetConfig } from '../config/define-lab.ts';

/** The fast kernel has no fault injection: allocation failures are left out there. */
export function faultsOn(target: TargetConfig, kernel: KernelFlavour): TargetConfig['faults'] {
  return kernel === 'debug'
    ? target.faults
    : target.faults.filter((type) => type !== 'alloc-failure');
}
