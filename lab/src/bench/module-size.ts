// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { execa } from 'execa';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';
import type { BenchParts, BuiltModule } from './bench-parts.ts';

/** Bytes of a module that stay in memory, by what they are. */
export interface ModuleSize {
  /** Code, that of loading and unloading included. */
  readonly text: number;
  readonly readOnlyData: number;
  readonly data: number;
}

const kinds = {
  text: /^\.(init\.|exit\.)?text/,
  readOnlyData: /^\.(rodata|data\.rel\.ro|init\.rodata)/,
  data: /^\.(data(?!\.rel\.ro)|bss|init\.data|exit\.data)/,
} as const;

/** Sizes of the module's sections. */
export async function measureModule(
  module: BuiltModule,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<ModuleSize> {
  const folder = dirname(module.object);
  const object = module.object.slice(folder.length + 1);
  const [program = 'bwrap', ...args] = inToolchain(
    { tree: parts.qemu.toolchainRoot, mounts: [{ host: folder, at: '/lab/module' }] },
    ['llvm-size', '--format=sysv', `/lab/module/${object}`],
  );
  const { stdout } = await execa(program, args, { cancelSignal: signal });
  return parseSections(stdout);
}

/** Adds up what `llvm-size --format=sysv` prints: a section a line, name and size first. */
export function parseSections(output: string): ModuleSize {
  const sections = [...output.matchAll(/^(\.\S+)\s+(\d+)\s+\d+$/gm)];
  const sum = (kind: RegExp): number =>
    sections
      .filter(([, name = '']) => kind.test(name))
      .reduce((total, [, , size]) => total + Number(size), 0);
  return { text: sum(kinds.text), readOnlyData: sum(kinds.readOnlyData), data: sum(kinds.data) };
}
