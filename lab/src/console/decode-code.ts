// SPDX-License-Identifier: Apache-2.0

import type { Wait } from 'qemu-ipc/wait';
import { readConsoleLine } from './console-line.ts';
import { readFrames, type StackFrame } from './stack-frame.ts';

/** Runs a program of the toolchain on some input and resolves to its standard output; rejects when it fails. */
export type RunTool = (argv: readonly string[], wait: Wait, input?: string) => Promise<string>;

/** The bytes of a `Code:` line: what lies around the instruction that trapped. */
interface CodeBytes {
  readonly bytes: readonly number[];
  /** Index of the first byte of the instruction that trapped. */
  readonly trap: number;
}

/** One instruction; offsets count from the one that trapped. */
interface Instruction {
  readonly offset: number;
  /** In the syntax of the kernel's own tools; empty for bytes that are no instruction. */
  readonly text: string;
}

/** The kernel prints 64 bytes; more is not from it. */
const maxBytes = 128;
/** Of one report; the reports of all CPUs together may have many. */
const maxCodeLines = 4;
/** A dump begins anywhere in an instruction, and none is longer. */
const longestInstruction = 15;

/**
 * Disassembles the `Code:` lines of a report (x86-64) as the kernel's scripts/decodecode does. Resolves to the lines to
 * add behind each, by its index, the instruction that trapped marked. Rejects when the tool fails.
 */
export async function decodeCode(
  lines: readonly string[],
  runTool: RunTool,
  wait: Wait,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const decoded = new Map<number, readonly string[]>();
  let trapped: StackFrame | undefined;
  let inUser = false;
  for (const [index, line] of lines.entries()) {
    const text = readConsoleLine(line, 0).at(-1)?.text ?? '';
    if (/^\s*RIP: /.test(text)) {
      trapped = readFrames(text)[0];
      inUser = /^\s*RIP: 0033:/.test(text);
    }
    const code = inUser ? null : readCodeLine(text);
    if (code === null) continue;
    decoded.set(index, render(await disassemble(code, runTool, wait), trapped));
    if (decoded.size >= maxCodeLines) break;
  }
  return decoded;
}

/** Reads `Code: 48 8b <0f> 0b`; null for any other line and for the code of another architecture. */
export function readCodeLine(text: string): CodeBytes | null {
  const dump = /^\s*Code: ((?:<?[0-9a-f]{2}>? ?)+)\s*$/.exec(text)?.[1];
  if (dump === undefined) return null;
  const words = dump.trim().split(/ +/).slice(0, maxBytes);
  const trap = words.findIndex((word) => word.startsWith('<'));
  if (trap < 0) return null;
  return { bytes: words.map((word) => Number.parseInt(word.replace('<', ''), 16)), trap };
}

/** Tries where instructions could begin; the first try that meets the one that trapped is taken. */
async function disassemble(
  { bytes, trap }: CodeBytes,
  runTool: RunTool,
  wait: Wait,
): Promise<readonly Instruction[]> {
  const starts = Array.from({ length: Math.min(trap, longestInstruction) }, (_, start) => start);
  // The last try leaves out what lies before.
  starts.push(trap);
  // The disassembler begins anew at each symbol.
  const source = starts.map((start) => `try${start}: .byte ${bytes.slice(start).join(',')}\n`);
  const output = await runTool(
    [
      'sh',
      '-c',
      'llvm-mc -triple=x86_64 -filetype=obj | llvm-objdump -d --no-show-raw-insn --no-leading-headers -',
    ],
    wait,
    source.join(''),
  );
  const tries = readDisassembly(output);
  for (const start of starts) {
    const found = (tries.get(start) ?? []).map(({ offset, text }) => ({
      offset: offset - (trap - start),
      text,
    }));
    const before = found.filter(({ offset }) => offset < 0);
    if (found.some(({ offset }) => offset === 0) && before.every(({ text }) => text !== '')) {
      return found;
    }
  }
  throw new Error('the disassembler printed no instruction that trapped');
}

/** Reads what llvm-objdump prints: the instructions of each try, offsets from its beginning. */
function readDisassembly(output: string): ReadonlyMap<number, readonly Instruction[]> {
  const tries = new Map<number, Instruction[]>();
  let base = 0;
  let current: Instruction[] = [];
  for (const line of output.split('\n')) {
    const [, at, start] = /^([0-9a-f]+) <try(\d+)>:/.exec(line) ?? [];
    if (at !== undefined && start !== undefined) {
      base = Number.parseInt(at, 16);
      current = [];
      tries.set(Number(start), current);
    }
    const [, address, text = ''] = /^ *([0-9a-f]+):\s+(\S.*)$/.exec(line) ?? [];
    if (address === undefined) continue;
    const offset = Number.parseInt(address, 16) - base;
    current.push({ offset, text: relative(text, base + offset) });
  }
  return tries;
}

/** The addresses of a try mean nothing: targets of branches are told from the instruction itself. */
function relative(text: string, address: number): string {
  if (text.startsWith('<unknown>')) return '';
  return text
    .replace(/\s*#.*$/, '')
    .replace(/\b0x([0-9a-f]+) <[^>]*>/, (_, target: string) =>
      signed('.', Number(BigInt.asIntN(64, BigInt(`0x${target}`) - BigInt(address)))),
    )
    .replace(/\t/g, ' ');
}

function render(
  instructions: readonly Instruction[],
  trapped: StackFrame | undefined,
): readonly string[] {
  const place = (offset: number) =>
    typeof trapped?.offset === 'number'
      ? signed(trapped.name, trapped.offset + offset)
      : signed('', offset);
  return instructions.map(({ offset, text }) => {
    const shown = `${place(offset)}:  ${text === '' ? '(bad)' : text}`;
    return offset === 0 ? `  * ${shown}  <-- trapped here` : `    ${shown}`;
  });
}

function signed(base: string, offset: number): string {
  return `${base}${offset < 0 ? '-' : '+'}0x${Math.abs(offset).toString(16)}`;
}
