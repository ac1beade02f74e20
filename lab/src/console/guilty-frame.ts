// SPDX-License-Identifier: Apache-2.0

import { bucketOf } from './function-buckets.ts';
import { isHelper } from './helper-frames.ts';
import { isPassedOver } from './passed-over.ts';
import type { ReportBody } from './report-body.ts';
import { type FrameSearch, type Frames, stacksOf } from './report-stacks.ts';
import { isTitleAnchor } from './stall-frames.ts';
import { stalledEntry } from './stalled-entry.ts';

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

/** The function to blame, or null when the report does not tell. */
export function guiltyFrame(body: ReportBody, query: FrameQuery): GuiltyFunction | null {
  const { skip, keep, hint, search } = query;
  if (search === 'none') return hint === undefined ? null : asItIs(hint.name);
  if (search === 'taker') return takerOf(body);
  const wanted: Wanted = (frame) =>
    (keep?.test(frame.name) ?? false) ||
    (!servesOthers(frame) && !(skip?.test(frame.name) ?? false));
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
  const traced = frames.slice(at).filter(({ kind, place }) => kind === 'trace' && place === 'call');
  const caller = traced.find(
    (frame) =>
      frame.stretch === traced[0]?.stretch && !isHelper(frame.name) && !skip?.test(frame.name),
  );
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
