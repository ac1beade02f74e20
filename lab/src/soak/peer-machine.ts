// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import { forkedMachine } from '../run/live-template.ts';
import { type PeerParts, peerNic } from '../run/peer.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { Accelerator, MachineSpec } from '../vm/machine-spec.ts';
import type { SoakParts } from './soak-parts.ts';

/** What decides how the second machine comes to be. */
export interface PeerSource {
  readonly parts: SoakParts;
  readonly accel: Accelerator;
  readonly memoryMiB: number;
  readonly append: readonly string[];
  /** Without it each is booted; one with KVM always is. */
  readonly templates: TemplateStore | null;
}

/** The second machine of a run: one processor, the kernel of the first, another's card and driver. */
export async function peerMachine(
  { parts, accel, memoryMiB, append, templates }: PeerSource,
  wait: Wait,
): Promise<PeerParts> {
  const { credentials, hashes } = parts;
  const machine: MachineSpec = {
    cpus: 1,
    memoryMiB,
    accel,
    kernel: parts.vmlinux,
    initramfs: [parts.sshInitramfs],
    append,
    nics: [peerNic],
    qemu: parts.qemu,
    runDir: '',
  };
  if (templates === null || accel === 'kvm') return { machine, credentials };
  const forked = await forkedMachine(machine, { ...hashes, credentials }, templates, wait);
  return { machine: forked.machine, credentials };
}
