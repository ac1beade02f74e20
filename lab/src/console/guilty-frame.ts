// SPDX-License-Identifier: Apache-2.0

import { bucketOf } from './function-buckets.ts';
import { isHelper } from './helper-frames.ts';
import { isPassedOver } from './passed-over.ts';
import type { PlacedFrame, ReportBody } from './report-body.ts';
import { isDispatcher, isInterruptEntry, isStallHelper, isTitleAnchor } from './stall-frames.ts';

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

/** A function by its name, and the module that it is in; null for one of the kernel itself. */
export interface NamedFunction {
  readonly name: string;
  readonly module: string | null;
}

/** The function to blame, and the name under which a title has it. */
export interface GuiltyFunction {
  readonly name: string;
  readonly inTitle: string;
}

export interface FrameQuery {
  readonly search: FrameSearch;
  /** A function named in the header, tried first. */
  readonly hint?: NamedFunction | undefined;
  /** More helpers for this kind of report. */
  readonly skip?: RegExp | undefined;
  /** Helpers that are to blame in this kind of report. */
  readonly keep?: RegExp | undefined;
}

type Wanted = (frame: NamedFunction) => boolean;
type Frames = readonly PlacedFrame[];

/** The function to blame, or null when the report does not tell. */
export function guiltyFrame(body: ReportBody, query: FrameQuery): GuiltyFunction | null {
  const { skip, keep, hint, search } = query;
  if (search === 'none') return hint === undefined ? null : asItIs(hint.name);
  if (search === 'taker') return takerOf(body);
  const wanted: Wanted = (frame) =>
    (keep?.test(frame.name) ?? false) ||
    (!servesOthers(frame) && !(frame.module === null && skip?.test(frame.name)));
  const found = searched(body, search, wanted, hint);
  if (found === null) return inModules(body, wanted, search);
  return behindHelper(body, found.name, query) ?? found;
}

function searched(
  body: ReportBody,
  search: FrameSearch,
  wanted: Wanted,
  hint: NamedFunction | undefined,
): GuiltyFunction | null {
  if (hint !== undefined && wanted(hint)) return bucketed(hint);
  for (const frames of stacksOf(body, search)) {
    const left = frames.filter(wanted);
    const found =
      search === 'wait'
        ? waitOf(left)
        : search.startsWith('entry') || search === 'interrupted'
          ? entryOf(left)
          : bucketed(left[0]);
    if (found !== null) return found;
  }
  return null;
}

/** The stacks to look at, in their order; the next one only when the one before tells nothing. */
function stacksOf(body: ReportBody, search: FrameSearch): readonly Frames[] {
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

/** A driver may use whatever words it likes in its names, and Rust tells by its paths who is who. */
function servesOthers({ name, module }: NamedFunction): boolean {
  return module === null && !/::|^rust_/.test(name) ? isPassedOver(name) : isHelper(name);
}

const asItIs = (name: string): GuiltyFunction => ({ name, inTitle: name });

function bucketed(frame: NamedFunction | undefined): GuiltyFunction | null {
  return frame === undefined ? null : { name: frame.name, inTitle: bucketOf(frame.name) };
}

function takerOf({ frames }: ReportBody): GuiltyFunction | null {
  const taker = frames.find(({ kind }) => kind === 'lock');
  return taker === undefined ? null : asItIs(taker.name);
}

/** The module that called a helper of which the convention of titles does not know that it is one. */
function behindHelper(
  { frames }: ReportBody,
  helper: string,
  { skip }: FrameQuery,
): GuiltyFunction | null {
  const at = frames.findIndex(({ name }) => name === helper);
  if (!isHelper(helper) || frames[at]?.module !== null) return null;
  const stretch = frames[at].stretch;
  const caller = frames
    .slice(at)
    .find((frame) => frame.stretch === stretch && !isHelper(frame.name) && !skip?.test(frame.name));
  return caller?.module ? asItIs(caller.name) : null;
}

/** A torn report has lost what its kind is read by; a module on its first stack is worth more than nothing. */
function inModules(body: ReportBody, wanted: Wanted, search: FrameSearch): GuiltyFunction | null {
  const traced = body.frames.filter(({ kind }) => kind === 'trace');
  if (!traced.some(({ module }) => module !== null)) return null;
  if (search === 'entry' || search === 'interrupted') {
    const entry = stalledEntry(body, search === 'interrupted');
    return entry === undefined ? null : { name: entry, inTitle: bucketOf(entry) };
  }
  const stretch = traced.find(({ place }) => place === 'call')?.stretch;
  return bucketed(traced.find((frame) => frame.stretch === stretch && wanted(frame)));
}

/** Ways to wait that say nothing of what one waits for. */
const waits =
  /sched|_(?:slow)?lock|down|rwsem|completion|kthread|wait|synchronize|context_switch|__switch_to|cancel_delayed_work|rcu_barrier/;

/** The two waits that victims of one hang share, whatever each was about to do; else who waits. */
function waitOf(frames: Frames): GuiltyFunction | null {
  for (const { name } of frames) {
    const inTitle = bucketOf(name);
    if (inTitle.includes('rtnl_lock')) return { name, inTitle };
    if (/synchronize_(?:s?rcu|net|sched)/.test(inTitle))
      return { name, inTitle: 'synchronize_rcu' };
  }
  return bucketed(frames.find(({ name }) => !waits.test(bucketOf(name))));
}

/** Goes from the innermost frame outwards to the first dispatcher; what it called is the entry. */
function entryOf(frames: Frames): GuiltyFunction | null {
  let entry = bucketed(frames[0]);
  for (const { name } of frames) {
    const inTitle = bucketOf(name);
    if (inTitle.includes('smp_call_function')) return { name, inTitle: 'smp_call_function' };
    if (isTitleAnchor(inTitle)) return entry;
    entry = { name, inTitle };
  }
  return null;
}

function stalledEntry(body: ReportBody, interruptedOnly: boolean): string | undefined {
  const stacks = new Map<number, PlacedFrame[]>();
  for (const frame of body.frames) {
    if (frame.kind !== 'trace') continue;
    const stack = stacks.get(frame.stretch);
    if (stack) stack.push(frame);
    else stacks.set(frame.stretch, [frame]);
  }
  for (const stack of stacks.values()) {
    const entry = calledEntry(interruptedOnly ? belowInterrupt(stack) : stack);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** What ran when the first interrupt of a stack came in. */
function belowInterrupt(stack: Frames): Frames {
  const from = stack.findIndex(
    (frame, index) =>
      isInterruptEntry(frame.name) ||
      (stack[index - 1]?.inInterrupt === true && !frame.inInterrupt),
  );
  return from < 0 ? [] : stack.slice(from);
}

function calledEntry(stack: Frames): string | undefined {
  let candidate: string | undefined;
  for (const { name } of stack) {
    if (isInterruptEntry(name)) {
      candidate = undefined;
      continue;
    }
    if (/^smp_call_function_/.test(name)) return name;
    if (isDispatcher(name)) {
      if (candidate !== undefined) return candidate;
      continue;
    }
    if (!isStallHelper(name) && !isHelper(name)) candidate = name;
  }
  return undefined;
}
