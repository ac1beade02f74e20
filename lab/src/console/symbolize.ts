// SPDX-License-Identifier: Apache-2.0

import type { Wait } from 'qemu-ipc/wait';
import { readConsoleLine } from './console-line.ts';
import type { CrashReport } from './crash-report.ts';
import { decodeCode, type RunTool } from './decode-code.ts';
import { readSymbolizerOutput, type SourcePlace } from './source-lines.ts';
import { functionName, readFrames, type StackFrame } from './stack-frame.ts';
import { SymbolTable } from './symbol-table.ts';

export interface SymbolizeOptions {
  /** Path of the kernel with its debugging information. */
  readonly vmlinux: string;
  /** Paths of modules (.ko) by their names in the kernel. */
  readonly modules: ReadonlyMap<string, string>;
  readonly runTool: RunTool;
  /** Symbol tables read before, by path; filled by each call, so that a campaign reads each object once. */
  readonly tables?: Map<string, Promise<SymbolTable>>;
}

export interface SymbolizedReport {
  /** The report with file and line behind each function, inlined functions on lines of their own and code disassembled. */
  readonly text: string;
  /** Why some or all places are missing; null when everything was tried. */
  readonly note: string | null;
}

interface FrameLine {
  readonly index: number;
  readonly frame: StackFrame;
}

/** Batches stay below the limits of a command line. */
const addressesPerRun = 1000;

/** Resolves the functions of a report to source lines and disassembles its code. Never rejects: what fails is left plain, and the note says why. */
export async function symbolize(
  report: CrashReport,
  options: SymbolizeOptions,
  wait: Wait,
): Promise<SymbolizedReport> {
  const places = new Map<number, readonly SourcePlace[]>();
  const notes = new Set<string>();
  for (const [path, lines] of framesByObject(report, options)) {
    try {
      for (const [index, found] of await resolveObject(path, lines, options, wait)) {
        places.set(index, found);
      }
    } catch (error) {
      // The report is worth more than its source lines.
      notes.add(
        `not symbolized (${path}): ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const code = await decodeCode(report.lines, options.runTool, wait).catch((error: unknown) => {
    notes.add(`code not decoded: ${error instanceof Error ? error.message : String(error)}`);
    return new Map<number, readonly string[]>();
  });
  const text = report.lines.flatMap((line, index) => [
    ...render(line, places.get(index) ?? []),
    ...(code.get(index) ?? []),
  ]);
  return { text: text.join('\n'), note: notes.size === 0 ? null : [...notes].join('; ') };
}

function framesByObject(
  report: CrashReport,
  options: SymbolizeOptions,
): ReadonlyMap<string, readonly FrameLine[]> {
  const objects = new Map<string, FrameLine[]>();
  for (const [index, line] of report.lines.entries()) {
    const frame = frameOf(line);
    if (frame === undefined) continue;
    const path = frame.module === null ? options.vmlinux : options.modules.get(frame.module);
    if (path === undefined) continue;
    const lines = objects.get(path);
    if (lines) lines.push({ index, frame });
    else objects.set(path, [{ index, frame }]);
  }
  return objects;
}

function frameOf(line: string): StackFrame | undefined {
  // Unreliable frames are resolved too: a reader wants to see where they point.
  const text = (readConsoleLine(line, 0).at(-1)?.text ?? '').replace(/^(\s*)\? /, '$1');
  return readFrames(text).find((frame) => frame.offset !== null);
}

async function resolveObject(
  path: string,
  lines: readonly FrameLine[],
  options: SymbolizeOptions,
  wait: Wait,
): Promise<ReadonlyMap<number, readonly SourcePlace[]>> {
  const table = await readTable(path, options, wait);
  const candidates = lines.map(({ index, frame }) => ({
    index,
    frame,
    addresses: table.addresses(frame),
  }));
  const wanted = [...new Set(candidates.flatMap(({ addresses }) => addresses))];
  const places = new Map<bigint, readonly SourcePlace[]>();
  for (let from = 0; from < wanted.length; from += addressesPerRun) {
    const batch = wanted.slice(from, from + addressesPerRun);
    const argv = [
      'llvm-symbolizer',
      `--obj=${path}`,
      '--output-style=JSON',
      // Linkage names of a module come from whichever section has a symbol at that offset.
      '--functions=short',
      '--inlines',
      '--no-demangle',
      ...batch.map((address) => `0x${address.toString(16)}`),
    ];
    for (const entry of readSymbolizerOutput(await options.runTool(argv, wait)))
      places.set(...entry);
  }
  const resolved = new Map<number, readonly SourcePlace[]>();
  for (const { index, frame, addresses } of candidates) {
    // Sections of a module overlap, and static functions share names: only an answer about this function counts.
    const found = addresses
      .map((address) => places.get(address) ?? [])
      .find((answer) => sameFunction(answer.at(-1)?.name, frame));
    if (found) resolved.set(index, found);
  }
  return resolved;
}

/** Debugging information has the short name of the source, symbol tables add paths, generics and suffixes. */
function sameFunction(answer: string | undefined, frame: StackFrame): boolean {
  if (answer === undefined) return false;
  const short = (name: string) => name.replace(/\..*$/, '').replace(/(?:::)?<[^:]*>$/, '');
  const wanted = short(frame.symbol.startsWith('_R') ? frame.name : frame.symbol);
  const got = short(answer);
  return wanted === got || wanted.endsWith(`::${got}`);
}

function readTable(path: string, options: SymbolizeOptions, wait: Wait): Promise<SymbolTable> {
  const known = options.tables?.get(path);
  if (known) return known;
  const table = options
    .runTool(['llvm-nm', '--defined-only', '--print-size', path], wait)
    .then((output) => new SymbolTable(output));
  options.tables?.set(path, table);
  // A failure must not stay: the next report may have more luck.
  table.catch(() => options.tables?.delete(path));
  return table;
}

const frameInLine = /^(.*?)((?:\? )?[A-Za-z_$][\w.$]*)(\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[[^\]]*\])?)/;

function render(line: string, places: readonly SourcePlace[]): string[] {
  const match = frameInLine.exec(line);
  if (!match) return [line];
  const [whole, before = '', symbol = '', extent = ''] = match;
  const own = places.at(-1);
  const shown = `${readable(symbol)}${extent}${own ? `  ${own.file}:${own.line}` : ''}`;
  const inlined = places
    .slice(0, -1)
    .map((place) => `${before}${place.name}  ${place.file}:${place.line} [inline]`);
  return [...inlined, `${before}${shown}${line.slice(whole.length)}`];
}

function readable(symbol: string): string {
  // Only Rust names need it: of a C name the suffix tells something.
  return symbol.startsWith('_R') ? functionName(symbol) : symbol;
}
