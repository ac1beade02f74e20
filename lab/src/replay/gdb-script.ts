// SPDX-License-Identifier: Apache-2.0
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QmpClient } from 'qemu-ipc/qmp-client';
import type { Wait } from 'qemu-ipc/wait';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';
import { LabFailure } from '../errors.ts';
import type { ModuleSections } from '../run/module-sections.ts';
import { sandboxPath } from '../vm/qemu-command-line.ts';

/** What gdb needs to know of a machine that stands still. */
export interface Debuggee {
  /** Folder of the run, in which QEMU's gdb server has its socket. */
  readonly runDir: string;
  readonly toolchain: string;
  /** ELF with symbols. */
  readonly vmlinux: string;
  /** The vCPU to begin with. */
  readonly cpu: number;
  /** The driver's module with symbols, and where it was loaded last. */
  readonly module?: { readonly ko: string; readonly sections: ModuleSections };
}

const socketFile = 'gdb.socket';
const scriptFile = 'gdb.sh';
const commandsFile = 'gdb.commands';

/** Has QEMU answer to gdb on a socket in the run folder. */
export async function openGdbServer(qmp: QmpClient, wait: Wait): Promise<void> {
  const device = `unix:path=${sandboxPath.run}/${socketFile},server=on,wait=off`;
  const command = { 'command-line': `gdbserver ${device}` };
  const said = await qmp.execute('human-monitor-command', command, wait);
  if (said.startsWith('Waiting')) return;
  throw new LabFailure('GDB_SERVER', `QEMU does not listen to gdb: ${said.trim()}`, {
    remedy: 'Look whether the state folder can be written to, and its path is short enough.',
  });
}

/** Writes a script that starts the toolchain's gdb with the machine and all symbols; the script's path. */
export async function writeGdbScript(debuggee: Debuggee): Promise<string> {
  const { runDir, toolchain, vmlinux, module, cpu } = debuggee;
  const mounts = [
    { host: runDir, at: '/lab/run', writable: true },
    { host: vmlinux, at: '/lab/vmlinux' },
    ...(module === undefined ? [] : [{ host: module.ko, at: '/lab/module.ko' }]),
  ];
  const commands = [
    'set pagination off',
    'set confirm off',
    // The guest's CPU tells more of itself than gdb can know.
    'set architecture i386:x86-64',
    ...(module === undefined ? [] : [addModule(module.sections)]),
    `target remote /lab/run/${socketFile}`,
    // QEMU lets the machine go on when gdb detaches, which it does when it ends.
    'define hook-quit\ndisconnect\nend',
    // Threads are counted from 1.
    `thread ${cpu + 1}`,
    'info threads',
    'backtrace 20',
  ];
  await writeFile(join(runDir, commandsFile), `${commands.join('\n')}\n`);
  const argv = ['gdb', '-q', '-nx', '-x', `/lab/run/${commandsFile}`];
  const line = inToolchain({ tree: toolchain, mounts }, [...argv, '"$@"', '/lab/vmlinux']);
  const path = join(runDir, scriptFile);
  await writeFile(
    path,
    `#!/bin/sh\n# gdb with a machine of the lab that stands still.\nexec ${line.map(quote).join(' ')}\n`,
  );
  await chmod(path, 0o755);
  return path;
}

function addModule(sections: ModuleSections): string {
  const { '.text': text, ...others } = sections;
  const rest = Object.entries(others).map(([name, address]) => `-s ${name} ${address}`);
  return ['add-symbol-file /lab/module.ko', text ?? '0', ...rest].join(' ');
}

function quote(argument: string): string {
  return argument === '"$@"' ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
