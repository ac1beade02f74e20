// SPDX-License-Identifier: Apache-2.0

import { isHelper } from './helper-frames.ts';
import type { PlacedFrame, ReportBody } from './report-body.ts';
import type { Frames } from './report-stacks.ts';
import { isDispatcher, isInterruptEntry, isStallHelper } from './stall-frames.ts';

/** The entry point on the first stack that has one, as the names of dispatchers, interrupts and watchdogs tell. */
export function stalledEntry(body: ReportBody, interruptedOnly: boolean): string | undefined {
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
