// SPDX-License-Identifier: Apache-2.0
import type { Commands } from 'qemu-ipc/qapi.gen';
import type { Wait } from 'qemu-ipc/wait';
import { greet } from './launch.ts';
import type { QemuTree } from './machine-spec.ts';
import { qemuBasics, sandboxPath } from './qemu-command-line.ts';
import { startQemu } from './qemu-process.ts';
import { endQemu } from './teardown.ts';

/** What a QEMU that was started in the sandbox says of itself. */
export interface QemuAnswer {
  readonly version: string;
  /** Commands that the lab uses and this QEMU does not have. */
  readonly missingCommands: readonly string[];
  /** Device types that the lab uses and this QEMU does not have. */
  readonly missingDevices: readonly string[];
  /** From the start to the greeting, in milliseconds. */
  readonly greetingMs: number;
}

const usedCommands: readonly (keyof Commands)[] = [
  'quit',
  'query-status',
  'query-ferronic',
  'ferronic-inject-irq-storm',
  'ferronic-inject-link-flap',
];
const usedDevices = ['ferronic', 'pvpanic-pci', 'virtserialport', 'pcie-root-port'] as const;

/** Starts QEMU without a machine and asks what it can do. LabFailure when it does not start. */
export async function probeQemu(qemu: QemuTree, wait: Wait): Promise<QemuAnswer> {
  const since = performance.now();
  const sandbox = {
    root: qemu.toolchainRoot,
    mounts: [{ source: qemu.dir, target: sandboxPath.qemu, access: 'read' }],
    kvm: false,
  } as const;
  const command = [sandboxPath.program, ...qemuBasics, '-machine', 'none'];
  const process = await startQemu(sandbox, command, wait);
  const qmp = await greet(process, wait);
  const greetingMs = performance.now() - since;
  try {
    const { major, minor, micro } = (await qmp.execute('query-version', {}, wait)).qemu;
    const commands = await qmp.execute('query-commands', {}, wait);
    const types = await qmp.execute('qom-list-types', { implements: 'device' }, wait);
    const names = new Set([...commands, ...types].map(({ name }) => name));
    return {
      version: `${major}.${minor}.${micro}`,
      missingCommands: usedCommands.filter((name) => !names.has(name)),
      missingDevices: usedDevices.filter((name) => !names.has(name)),
      greetingMs,
    };
  } finally {
    await endQemu(process, qmp);
    await qmp[Symbol.asyncDispose]();
  }
}
