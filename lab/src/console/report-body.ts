// SPDX-License-Identifier: Apache-2.0

import type { ConsoleLine } from './console-line.ts';
import { readFrames, type StackFrame } from './stack-frame.ts';

/**
 * What a stretch of a report tells about:
 * `trace` where the CPU or task is, `history` where memory was allocated, freed or made,
 * `owner` where a page was allocated, `chain` how locks depended on each other before, `lock` the place that took a lock.
 */
export type StretchKind = 'trace' | 'history' | 'owner' | 'chain' | 'lock';

export interface PlacedFrame extends StackFrame {
  readonly kind: StretchKind;
  /** Index of its line in the report. */
  readonly line: number;
  /** Counts the traces of a report from 0; frames with the same number are of one stack. */
  readonly stretch: number;
  /** The frame ran in an interrupt that came in the middle of the trace. */
  readonly inInterrupt: boolean;
}

/** The lines of a report from its header on, with what was read from them. */
export interface ReportBody {
  readonly header: string;
  readonly lines: readonly ConsoleLine[];
  /** All messages, one a line, the header first. */
  readonly text: string;
  readonly frames: readonly PlacedFrame[];
  /** Indexes of the lines behind which a stack stands, whoever's. */
  readonly stacks: readonly number[];
  /** Those of them that are call traces of the report itself. */
  readonly callTraces: readonly number[];
  /** Indexes of the lines where the stack of a forced failure got in between. */
  readonly intrusions: readonly number[];
  /** Indexes of the lines that say where a processor is, readable or not. */
  readonly instructions: readonly number[];
  /** A stack trace follows, readable or not. */
  readonly hasTrace: boolean;
  /** The trace names at least one caller for certain. */
  readonly hasCalls: boolean;
}

const traceLabel =
  /^\s*(?:(?:Call [Tt]race|Backtrace|[Ss]tack backtrace|backtrace(?: \(crc [0-9a-f]+\))?|Stack trace|NMI backtrace for cpu \d+.*)\s*:?|RIP: |Krnl Code:|goroutine \d+ \[)/;
const historyLabel =
  /^\s*(?:Allocated by|Freed by|Last (?:potentially related|call_rcu|work)|Second to last|Uninit was (?:created|stored)|Local variable|Origin:|chained origin:|kfence-#.*(?:allocated|freed) by|(?:allocated|freed|wrote) by task|The buggy address|page (?:last )?(?:allocated|free|owner)|Memory state|(?:INFO: )?(?:Allocated|Freed) in|Preemption disabled at:)/;
const ownerLabel = /^\s*page last allocated/;
const chainLabel =
  /^\s*(?:-> #\d+|the existing dependency chain|\.\.\. which became|to a \S+-irq-unsafe lock|which became|the (?:shortest )?dependencies|the (?:first|second) lock|\{[A-Z-]+\} state was registered|irq event stamp)/;
const lockPlace =
  /\bat: (?:\[<[0-9a-f]+>\]\s*)?([A-Za-z_][\w.]*\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[[\w-]+\])?)/;
const bareLockPlace =
  /^\s*\[<[0-9a-f]+>\] ([A-Za-z_][\w.]*\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[[\w-]+\])?)/;

/** A symbolizer adds the inlined functions, and old kernels put a mark of the stack before a frame: titles name neither. */
const beside = /\[inline\]|\[<\s*inline\s*>\]|^\s*<\/?[A-Z#]\w*>\s+\S/;
/** Whose stack the kernel shows when it forces a failure. */
const forcedFailure = /^(?: \[<?(?:0x)?[0-9a-f]+>?\])? should_fail(?:slab)?(?:\.[a-z0-9.]+)?\+0x/;
const callTrace = /Call [Tt]race:|Backtrace:/;
const stackStart =
  /Call [Tt]race|(?:Allocated|Freed)(?: by task \d+)?:|[^k] backtrace(?: \(crc [0-9a-f]*\))?:|Backtrace:|Uninit was stored to memory at|status: [0-9a-f]{16} badaddr: [0-9a-f]{16} cause: /;
const instructionPointer =
  /(?:IP|pc |PC is at):? (?:(?:\d+:)?(?:\[<?(?:0x)?[0-9a-f]+>?\] +){0,2}\w+[.+]|(?:\d+:)?0x[0-9a-f]+|(?:\d+:)?(?:\[<?[0-9a-f]+>?\] +\[< *)?\(null\))|--- interrupt: \d+ at /;

/** Indexes of the lines behind the header that match. */
function linesWith(lines: readonly ConsoleLine[], pattern: RegExp): number[] {
  return lines.flatMap(({ text }, index) => (index > 0 && pattern.test(text) ? [index] : []));
}

/** The kernel adds the stack on which it gave up, or the locks that the report itself took, to a report that says enough. */
const aftermath =
  /Kernel panic - not syncing|WARNING: possible circular locking dependency detected/;
const guessed = /^\s*(?:\[<[0-9a-f]+>\])? *\? |\(unreliable\)$/;

/** The lines of a report without its aftermath. */
function withoutAftermath(lines: readonly ConsoleLine[]): readonly ConsoleLine[] {
  const enough = lines[0]?.text.includes('BUG: KMSAN:') === true ? 16 : 22;
  let count = 0;
  for (const [index, { text }] of lines.entries()) {
    if (!guessed.test(text)) count++;
    if (index > 0 && count > enough && aftermath.test(text)) return lines.slice(0, index);
  }
  return lines;
}

/** Reads a report's lines: which functions they name and in which role. */
export function readReportBody(all: readonly ConsoleLine[]): ReportBody {
  const lines = withoutAftermath(all);
  const frames: PlacedFrame[] = [];
  let kind: StretchKind = 'trace';
  let stretch = 0;
  let inInterrupt = false;
  let releasing = false;
  let hasTrace = false;
  for (const [index, { text }] of lines.entries()) {
    if (text.includes('<IRQ>') || text.includes('<NMI>') || text.includes('<SOFTIRQ>')) {
      inInterrupt = true;
    }
    if (text.includes('</IRQ>') || text.includes('<EOI>')) inInterrupt = false;
    if (historyLabel.test(text)) {
      kind = ownerLabel.test(text) ? 'owner' : 'history';
      stretch++;
    } else if (chainLabel.test(text)) {
      kind = 'chain';
      stretch++;
    } else if (traceLabel.test(text)) {
      if (!text.trimStart().startsWith('RIP: ')) {
        stretch++;
        inInterrupt = false;
        hasTrace = true;
      }
      kind = 'trace';
    }
    const lock = lockPlace.exec(text) ?? (releasing ? bareLockPlace.exec(text) : null);
    releasing = / lock .*at:\s*$/.test(text);
    const found = lock?.[1] === undefined ? readFrames(text) : readFrames(` ${lock[1]}`);
    for (const frame of index === 0 || beside.test(text) ? [] : found) {
      const last = frames.at(-1);
      // ARM names each function twice: as the one called and as the one that calls.
      if (
        last !== undefined &&
        last.symbol === frame.symbol &&
        last.offset === null &&
        frame.place === 'call'
      ) {
        continue;
      }
      frames.push({
        ...frame,
        kind: lock === null ? kind : 'lock',
        stretch,
        inInterrupt,
        line: index,
      });
    }
  }
  const hasCalls = frames.some((frame) => frame.kind === 'trace' && frame.place === 'call');
  const text = lines.map((line) => line.text).join('\n');
  return {
    header: lines[0]?.text ?? '',
    lines,
    text,
    frames,
    stacks: linesWith(lines, stackStart),
    callTraces: linesWith(lines, callTrace),
    intrusions: linesWith(lines, forcedFailure),
    instructions: linesWith(lines, instructionPointer),
    hasTrace: hasTrace || hasCalls,
    hasCalls,
  };
}
