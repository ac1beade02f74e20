// SPDX-License-Identifier: Apache-2.0
import { Deadline } from 'qemu-ipc/wait';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import type { SoakParts } from '../soak/soak-parts.ts';
import { type AcceleratorChoice, chooseAccelerator } from '../vm/choose-accelerator.ts';
import type { Accelerator } from '../vm/machine-spec.ts';

const probeMs = 120_000;

/** What guests of these parts are to run on, found out by running one where that is asked for. */
export async function acceleratorOf(
  choice: AcceleratorChoice,
  { qemu, vmlinux, initramfs, hashes }: SoakParts,
  signal: AbortSignal,
): Promise<Accelerator> {
  const probe = {
    qemu,
    kernel: vmlinux,
    initramfs,
    identity: `${hashes.qemu} ${hashes.kernel}`,
  };
  const wait = { signal, deadline: Deadline.after(probeMs) };
  return await chooseAccelerator(choice, probe, cacheDirectory(), wait);
}
