// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';
import { readSymbolizerOutput } from '../console/source-lines.ts';
import { type DriverMap, readDriverMap } from '../coverage/driver-map.ts';
import type { ModuleSections } from '../run/module-sections.ts';

/** What addresses of a guest mean. */
export interface CodeObjects {
  /** Kernel with its debugging information, on the host. */
  readonly vmlinux: string;
  readonly toolchain: string;
  /** The driver, where it has been loaded; none of a driver that is part of the kernel. */
  readonly module?: { readonly ko: string; readonly loads: readonly ModuleSections[] };
}

/** Addresses of one run of the symbolizer; more do not fit on a command line. */
const most = 1_000;

/**
 * Where in the source instructions are, as `function (file:line)`, by their addresses (hexadecimal, without 0x); those of
 * which nothing is known are left out.
 */
export async function codePlaces(
  addresses: readonly string[],
  { vmlinux, toolchain, module }: CodeObjects,
  wait: Wait,
): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  if (module !== undefined && addresses.length > 0) {
    const map = await readDriverMap(module.ko, toolchain, wait);
    for (const address of addresses) {
      const place = placeInDriver(map, module.loads, BigInt(`0x${address}`));
      if (place !== undefined) places.set(address, place);
    }
  }
  const others = addresses.filter((address) => !places.has(address)).slice(0, most);
  if (others.length === 0) return places;
  const mounts = [{ host: vmlinux, at: '/lab/vmlinux' }];
  const [command = '', ...args] = inToolchain({ tree: toolchain, mounts }, [
    'llvm-symbolizer',
    '--obj=/lab/vmlinux',
    '--output-style=JSON',
    '--functions=short',
    ...others.map((address) => `0x${address}`),
  ]);
  const tool = execa(command, args, { stdin: 'ignore', maxBuffer: 64 * 1024 * 1024 });
  const { stdout } = await waitFor(tool, wait, 'the symbolizer');
  for (const [address, [inner]] of readSymbolizerOutput(stdout)) {
    if (inner === undefined) continue;
    const { name, file, line } = inner;
    places.set(address.toString(16), `${name} (${file}:${line})`);
  }
  return places;
}

function placeInDriver(
  { sections, functions, lines }: DriverMap,
  loads: readonly ModuleSections[],
  address: bigint,
): string | undefined {
  for (const load of loads) {
    for (const [name, start] of Object.entries(load)) {
      const placed = sections.get(name);
      const offset = address - BigInt(start);
      if (placed === undefined || offset < 0n || offset >= placed.size) continue;
      const at = placed.at + offset;
      const within = ({ start: from, end }: { readonly start: bigint; readonly end: bigint }) =>
        at >= from && at < end;
      const line = lines.find(within);
      const where = line === undefined ? '' : ` (${line.file}:${line.line})`;
      return `${functions.find(within)?.name ?? name}${where}`;
    }
  }
  return undefined;
}
