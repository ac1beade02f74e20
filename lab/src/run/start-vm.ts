// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import { launchVm, type RunningVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { restoreMachine } from '../vm/saved-machine.ts';
import { unlessMachineDies } from './machine-death.ts';

/**
 * Starts a machine that one logs in to: boots it, or goes on with its template. LabFailure or Interrupted, and then it
 * is gone.
 */
export async function startVm(spec: MachineSpec, wait: Wait): Promise<RunningVm> {
  const vm = await launchVm(spec, wait);
  if (spec.template === undefined) return vm;
  try {
    await unlessMachineDies(vm, 'lab', goOn(vm, wait));
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

async function goOn(vm: RunningVm, wait: Wait): Promise<void> {
  await restoreMachine(vm, wait);
  await vm.qmp.execute('cont', {}, wait);
  vm.wakeGuest();
}
