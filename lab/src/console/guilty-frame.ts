// SPDX-License-Identifier: Apache-2.0

import { isHelper } from './helper-frames.ts';
import { isPassedOver } from './passed-over.ts';
import type { PlacedFrame, ReportBody, StretchKind } from './report-body.ts';
import { isDispatcher, isInterruptEntry, isStallHelper } from './stall-frames.ts';

/** How a detector finds the function to blame. */
export type FrameSearch =
  /** The first function that is no helper, in the order of the console. */
  | 'innermost'
  /** As `innermost`, after the places where locks were taken. */
  | 'lock'
  /** The first place where a lock was taken, whoever took it; else as `innermost`. */
  | 'taker'
  /** As `innermost`, in the stack that allocated a page. */
  | 'page-owner'
  /** As `innermost`, unless the task waits where many do: for RCU or for the lock of network configuration. */
  | 'wait'
  /** As `innermost`, in the stack on which a lock became dangerous. */
  | 'dependency'
  /** The entry point that somebody called and that does not come back: a system call's or a timer's handler. */
  | 'entry'
  /** As `entry`, of what an interrupt came into: a task that got no CPU is not the one that stalls. */
  | 'interrupted'
  | 'none';

/** A function by its name, and the module that it is in; null for one of the kernel itself. */
export interface NamedFunction {
  readonly name: string;
  readonly module: string | null;
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

/** The function to blame, or null when the report does not tell. */
export function guiltyFrame(body: ReportBody, query: FrameQuery): string | null {
  const { skip, keep, hint } = query;
  const wanted: Wanted = (frame) =>
    (keep?.test(frame.name) ?? false) ||
    (!servesOthers(frame) && !(frame.module === null && skip?.test(frame.name)));
  if (hint !== undefined && wanted(hint)) return (behindHelper(body, hint, query) ?? hint).name;
  switch (query.search) {
    case 'none':
      return null;
    case 'entry':
      return stalledEntry(body, false) ?? null;
    case 'interrupted':
      return stalledEntry(body, true) ?? null;
    case 'lock':
      return first(body, ['lock', 'trace'], wanted);
    case 'taker':
      return first(body, ['lock'], () => true) ?? first(body, ['trace'], wanted);
    case 'page-owner':
      return first(body, ['owner'], wanted);
    case 'wait':
      return (
        commonWait(body) ??
        firstTrace(body, (frame) => !waits.test(frame.name) && wanted(frame))?.name ??
        null
      );
    case 'dependency':
      return first(body, ['chain'], wanted) ?? first(body, ['lock', 'trace'], wanted);
    case 'innermost': {
      const found = firstTrace(body, wanted);
      return found === null ? null : (behindHelper(body, found, query) ?? found).name;
    }
  }
}

/** A driver may use whatever words it likes in its names, and Rust tells by its paths who is who. */
function servesOthers({ name, module }: NamedFunction): boolean {
  return module === null && !/::|^rust_/.test(name) ? isPassedOver(name) : isHelper(name);
}

/** The module that called a helper of which the convention of titles does not know that it is one. */
function behindHelper(
  body: ReportBody,
  { name, module }: NamedFunction,
  { skip }: FrameQuery,
): NamedFunction | null {
  if (module !== null || !isHelper(name)) return null;
  const caller = firstTrace(
    body,
    (frame) => !isHelper(frame.name) && !(skip?.test(frame.name) ?? false),
  );
  return caller === null || caller.module === null ? null : caller;
}

/** Looks at the registers and the first stack: another stack is that of somebody else, or of the end. */
function firstTrace({ frames }: ReportBody, wanted: Wanted): PlacedFrame | null {
  let only: number | undefined;
  for (const frame of frames) {
    if (frame.kind !== 'trace') continue;
    if (frame.place === 'call') only ??= frame.stretch;
    if (only !== undefined && frame.stretch !== only) return null;
    if (wanted(frame)) return frame;
  }
  return null;
}

function first(body: ReportBody, kinds: readonly StretchKind[], wanted: Wanted): string | null {
  for (const frame of body.frames) {
    if (kinds.includes(frame.kind) && wanted(frame)) return frame.name;
  }
  return null;
}

/** Ways to wait that say nothing of what one waits for. */
const waits =
  /sched|_(?:slow)?lock|down|rwsem|completion|kthread|wait|synchronize|context_switch|__switch_to|cancel_delayed_work|rcu_barrier/;

/** The two waits that victims of one hang share, whatever each was about to do. */
function commonWait({ frames }: ReportBody): string | null {
  const [stretch] = frames.flatMap((frame) => (frame.kind === 'trace' ? [frame.stretch] : []));
  for (const frame of frames) {
    if (frame.kind !== 'trace' || frame.stretch !== stretch) continue;
    if (frame.name.includes('rtnl_lock')) return frame.name;
    if (/synchronize_(?:s?rcu|net|sched)/.test(frame.name)) return 'synchronize_rcu';
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
    const entry = entryOf(interruptedOnly ? belowInterrupt(stack) : stack);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** What ran when the first interrupt of a stack came in. */
function belowInterrupt(stack: readonly PlacedFrame[]): readonly PlacedFrame[] {
  const from = stack.findIndex(
    (frame, index) =>
      isInterruptEntry(frame.name) ||
      (stack[index - 1]?.inInterrupt === true && !frame.inInterrupt),
  );
  return from < 0 ? [] : stack.slice(from);
}

/** Goes from the innermost frame outwards to the first dispatcher; what it called is the entry. */
function entryOf(stack: readonly PlacedFrame[]): string | undefined {
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
