// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';

/** Addresses (hexadecimal, without 0x) of the functions of a kernel, by name; of several with one name the first. */
export type KernelSymbols = ReadonlyMap<string, string>;

/** Reads the symbols of an ELF `vmlinux` by the toolchain's own nm. The kernel runs where it was linked: no KASLR. */
export async function readKernelSymbols(
  vmlinux: string,
  toolchain: string,
  wait: Wait,
): Promise<KernelSymbols> {
  const mounts = [{ host: vmlinux, at: '/lab/vmlinux' }];
  const argv = ['llvm-nm', '--defined-only', '/lab/vmlinux'];
  const [command = '', ...args] = inToolchain({ tree: toolchain, mounts }, argv);
  const tool = execa(command, args, { stdin: 'ignore', maxBuffer: 64 * 1024 * 1024 });
  const { stdout } = await waitFor(tool, wait, 'the symbols of the kernel');
  const symbols = new Map<string, string>();
  for (const [, address = '', name = ''] of stdout.matchAll(/^([0-9a-f]+) [tT] (\S+)$/gm)) {
    if (!symbols.has(name)) symbols.set(name, address);
  }
  return symbols;
}
