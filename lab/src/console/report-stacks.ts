// SPDX-License-Identifier: Apache-2.0

import type { PlacedFrame, ReportBody } from './report-body.ts';

/** Where a detector finds the function to blame. */
export type FrameSearch =
  /** Where the processor was, then the first call trace after it. */
  | 'registers'
  /** Only where the processor was. */
  | 'instruction'
  /** The first call trace. */
  | 'trace'
  /** Where the processor trapped and the frames from there on; else the first call trace. */
  | 'trap'
  /** The frames right behind the header. */
  | 'report'
  /** The stack that kmemleak kept of an allocation. */
  | 'backtrace'
  /** The places where the first two locks were taken, then the stacks behind them. */
  | 'locks'
  /** The first place where a lock was taken, whoever took it. */
  | 'taker'
  /** The place where a module took the lock, else the first call trace. */
  | 'taken'
  /** The place where a lock was let go, then the first call trace. */
  | 'unlock'
  /** The stack on which a lock became dangerous. */
  | 'dependency'
  /** The stack that allocated a page. */
  | 'page-owner'
  /** The first call trace, unless the task waits where many do: for RCU or for the lock of network configuration. */
  | 'wait'
  /** The entry point that somebody called and that does not come back: a system call's or a timer's handler. */
  | 'entry'
  /** As `entry`, of the call trace alone. */
  | 'entry-of-trace'
  /** As `entry`, of what an interrupt came into: a task that got no CPU is not the one that stalls. */
  | 'interrupted'
  | 'none';

export type Frames = readonly PlacedFrame[];

/** The stacks to look at, in their order; the next one only when the one before tells nothing. */
export function stacksOf(body: ReportBody, search: FrameSearch): readonly Frames[] {
  const at = body.instructions[0] ?? Number.POSITIVE_INFINITY;
  // What comes behind the stack of another CPU's forced failure may be of either.
  const intrusion = body.intrusions[0] ?? Number.POSITIVE_INFINITY;
  const instruction = at < intrusion ? at : undefined;
  switch (search) {
    case 'registers':
    case 'entry':
      return [[...on(body, instruction), ...callTrace(body, Math.min(at, intrusion))]];
    case 'instruction':
      return [on(body, instruction)];
    case 'trap': {
      const trapped = instruction === undefined ? [] : stackFrom(body, at + 1);
      return [[...on(body, instruction), ...trapped], callTrace(body, 0)];
    }
    case 'report':
      return [stackFrom(body, 1)];
    case 'backtrace':
      return [stackBehind(body, /backtrace(?: \(crc [0-9a-f]+\))?:/)];
    case 'locks': {
      const locks = body.frames.filter(({ kind }) => kind === 'lock').slice(0, 2);
      const second = locks[1]?.line ?? Number.POSITIVE_INFINITY;
      return [[...locks, ...stackFrom(body, second + 1)]];
    }
    case 'taken': {
      const lock = body.frames.find(({ kind }) => kind === 'lock');
      return [lock === undefined || lock.module === null ? [] : [lock], callTrace(body, 0)];
    }
    case 'unlock': {
      const place = body.lines.findIndex(({ text }) =>
        /\[<(?:0x)?[0-9a-f]+>\] +\w+[.+]/.test(text),
      );
      return [[...on(body, place), ...callTrace(body, place)]];
    }
    case 'dependency':
      return [stackBehind(body, /which became .* at:/)];
    case 'page-owner':
      return [stackBehind(body, /page last allocated/)];
    case 'interrupted':
      return interruptedStacks(body);
    default:
      return [callTrace(body, 0)];
  }
}

function on({ frames }: ReportBody, line: number | undefined): Frames {
  return frames.filter((frame) => frame.line === line);
}

/** The frames from a line on, up to the next stack. */
function stackFrom({ frames, stacks, intrusions }: ReportBody, line: number): Frames {
  const ends = [...stacks, ...intrusions].filter((start) => start >= line);
  const end = Math.min(...ends, Number.POSITIVE_INFINITY);
  return frames.filter(
    (frame) =>
      frame.line >= line && frame.line < end && frame.place === 'call' && frame.kind !== 'lock',
  );
}

function stackBehind(body: ReportBody, label: RegExp): Frames {
  const at = body.lines.findIndex(({ text }, index) => index > 0 && label.test(text));
  return at < 0 ? [] : stackFrom(body, at + 1);
}

/** The first call trace after a line. */
function callTrace(body: ReportBody, after: number): Frames {
  const starts = [...body.callTraces, ...body.intrusions].filter((line) => line > after);
  return starts.length === 0 ? [] : stackFrom(body, Math.min(...starts) + 1);
}

const interruption = /apic_timer_interrupt/;
const anyInterruption = /apic_timer_interrupt|Exception stack|el1h_64_irq/;

function interruptedStacks(body: ReportBody): readonly Frames[] {
  const lineOf = (pattern: RegExp) =>
    body.lines.findIndex(({ text }, index) => index > 0 && pattern.test(text));
  const timer = lineOf(interruption);
  const instruction = timer < 0 ? undefined : body.instructions.find((line) => line > timer);
  const any = lineOf(anyInterruption);
  const notRcu = (frames: Frames) =>
    frames.filter(({ name }) => !/rcu|apic_timer_interrupt/.test(name));
  return [
    instruction === undefined
      ? []
      : [...on(body, instruction), ...stackFrom(body, instruction + 1)],
    any < 0 ? [] : stackFrom(body, any + 1),
  ].map(notRcu);
}
