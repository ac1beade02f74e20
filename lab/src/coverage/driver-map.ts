// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { inToolchain, type Mount } from '../artifacts/toolchain-sandbox.ts';
import { functionName } from '../console/stack-frame.ts';
import { type ConditionalJump, readConditionalJumps } from './conditional-jumps.ts';
import type { PlacedSection } from './executed-code.ts';
import { type LineRange, readLineTable } from './line-table.ts';

/** A function of a module. */
export interface DriverFunction {
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
}

/** What of a module's code can be reached, at addresses at which no two of its sections overlap. */
export interface DriverMap {
  readonly sections: ReadonlyMap<string, PlacedSection>;
  readonly lines: readonly LineRange[];
  readonly functions: readonly DriverFunction[];
  readonly jumps: readonly ConditionalJump[];
}

/** Far enough from each other for any driver, near enough for 32 bit relocations. */
const firstSection = 0xffff_ffff_8000_0000n;
const betweenSections = 0x400_0000n;

/** Reads what there is of a module (.ko with debugging information), by the toolchain's own tools. */
export async function readDriverMap(ko: string, toolchain: string, wait: Wait): Promise<DriverMap> {
  const folder = await mkdtemp(join(tmpdir(), 'ferrolab-map-'));
  const mounts: readonly Mount[] = [
    { host: ko, at: '/lab/module.ko' },
    { host: folder, at: '/lab/out', writable: true },
  ];
  const tool = async (...argv: readonly string[]): Promise<string> => {
    const [command = '', ...args] = inToolchain({ tree: toolchain, mounts }, argv);
    const options = { stdin: 'ignore', maxBuffer: 256 * 1024 * 1024 } as const;
    const { stdout } = await waitFor(execa(command, args, options), wait, argv[0] ?? 'a tool');
    return stdout;
  };
  try {
    const sections = placeSections(await tool('llvm-objdump', '-h', '/lab/module.ko'));
    // A linker applies the relocations that debugging information needs; what is undefined is the kernel's.
    await writeFile(join(folder, 'placed.lds'), linkerScript(sections));
    await tool(
      ...['ld', '-e', '0', '--unresolved-symbols=ignore-all', '--noinhibit-exec'],
      ...['-T', '/lab/out/placed.lds', '-o', '/lab/out/placed.elf', '/lab/module.ko'],
    );
    const placed = '/lab/out/placed.elf';
    const [lineDump, symbols, code] = await Promise.all([
      tool('llvm-dwarfdump', '--debug-line', placed),
      tool('llvm-nm', '--defined-only', '--print-size', placed),
      tool('llvm-objdump', '-d', '--no-show-raw-insn', placed),
    ]);
    const inside = (address: bigint) =>
      [...sections.values()].some(({ at, size }) => address >= at && address < at + size);
    const own = readLineTable(lineDump).filter(({ start }) => inside(start));
    // What the compiler adds, as constructors of KASAN, has no line. Without debugging information nothing has.
    const withLine = new Set(own.map(({ start }) => start));
    const isOwn = (start: bigint) => own.length === 0 || withLine.has(start);
    return {
      sections,
      lines: own,
      functions: readFunctions(symbols).filter(({ start }) => inside(start) && isOwn(start)),
      jumps: readConditionalJumps(code).filter(({ at }) => inside(at)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Places for the sections with code, of what `llvm-objdump -h` prints. */
export function placeSections(headers: string): ReadonlyMap<string, PlacedSection> {
  const found = [...headers.matchAll(/^ *\d+ (\S+) +([0-9a-f]+) [0-9a-f]+ TEXT$/gm)];
  return new Map(
    found.map(([, name = '', size], index) => [
      name,
      { at: firstSection + BigInt(index) * betweenSections, size: BigInt(`0x${size}`) },
    ]),
  );
}

/** Without one a linker would put some sections together. */
function linkerScript(sections: ReadonlyMap<string, PlacedSection>): string {
  const placed = [...sections].map(
    ([name, { at }]) => `  ${name} 0x${at.toString(16)} : { *(${name}) }`,
  );
  return `SECTIONS\n{\n${placed.join('\n')}\n}\n`;
}

function readFunctions(symbols: string): readonly DriverFunction[] {
  const found = [...symbols.matchAll(/^([0-9a-f]+) ([0-9a-f]+) [tT] (\S+)$/gm)];
  return found.flatMap(([, address, size, name = '']) => {
    // Padding in front of a function, for the kernel's own use.
    if (name.startsWith('__pfx_') || name.startsWith('__cfi_')) return [];
    const start = BigInt(`0x${address}`);
    return [{ name: functionName(name), start, end: start + BigInt(`0x${size}`) }];
  });
}
