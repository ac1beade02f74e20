// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import { launchVm, type RunningVm } from './launch.ts';
import type { MachineSpec } from './machine-spec.ts';
import { restoreMachine } from './saved-machine.ts';

/** Starts a machine that one logs in to: boots it, or goes on with its template. LabFailure, and then it is gone. */
export async function startVm(spec: MachineSpec, wait: Wait): Promise<RunningVm> {
  const vm = await launchVm(spec, wait);
  if (spec.template === undefined) return vm;
  try {
    await restoreMachine(vm, wait);
    await vm.qmp.execute('cont', {}, wait);
    vm.wakeGuest();
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}
