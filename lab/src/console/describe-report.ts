// SPDX-License-Identifier: Apache-2.0

import { allDetectors, matchesHeader } from './all-detectors.ts';
import type { CrashType } from './crash-report.ts';
import type { Detector } from './detector.ts';
import { otherNamesOf } from './function-buckets.ts';
import { guiltyFrame, type NamedFunction } from './guilty-frame.ts';
import { isPassedOver } from './passed-over.ts';
import type { ReportBody } from './report-body.ts';
import { normalizeTitle } from './report-title.ts';
import { functionName } from './stack-frame.ts';

/** What the lines of a report say, put into words. */
export interface ReportDescription {
  readonly title: string;
  readonly altTitles: readonly string[];
  readonly type: CrashType;
  readonly family: string;
  readonly frame: string | null;
  readonly corrupted: boolean;
}

/** Describes a report, or returns null when its header turns out to be no crash. */
export function describeReport(body: ReportBody): ReportDescription | null {
  const detector = allDetectors.find((candidate) => fits(candidate, body));
  if (detector === undefined) return null;
  if (detector.strength === 'needs-trace' && !body.hasTrace) return null;
  const groups = readGroups(detector, body);
  const frame = guiltyFrame(body, {
    search: detector.search,
    hint: namedInHeader(groups.get('fn'), body),
    skip: detector.skip,
    keep: detector.keep,
  });
  const blamed = frame?.name ?? sourceFile(groups.get('file')) ?? null;
  const fill = (template: string, name: string | null) =>
    normalizeTitle(
      template.replace(/\{(\w+)\}/g, (_, key: string) =>
        key === 'frame' ? (name ?? 'corrupted') : (groups.get(key) ?? ''),
      ),
    );
  const inTitle = frame?.inTitle ?? blamed;
  const title = fill(detector.title, inTitle);
  const altTitles = new Set<string>();
  for (const template of [detector.title, ...(detector.altTitles ?? [])]) {
    altTitles.add(fill(template, inTitle));
    if (blamed === null) continue;
    for (const name of otherNamesOf(blamed)) altTitles.add(fill(template, name));
  }
  altTitles.delete(title);
  return {
    title,
    altTitles: [...altTitles].sort(),
    type: typeof detector.type === 'string' ? detector.type : detector.type(title),
    family: detector.family,
    frame: stalledModule(detector, body) ?? blamed ?? warningPlace(body.header),
    corrupted: isCorrupted(detector, body, frame?.name ?? null),
  };
}

function fits(detector: Detector, body: ReportBody): boolean {
  return matchesHeader(detector, body.header) && (detector.body?.test(body.text) ?? true);
}

function namedInHeader(symbol: string | undefined, body: ReportBody): NamedFunction | undefined {
  if (symbol === undefined) return undefined;
  const at = body.header.indexOf(symbol);
  if (at < 0) return { name: functionName(symbol), module: null };
  const before = body.header.slice(0, at);
  // A symbolized header comes once for each inlined function, and at last for the function of the symbol table.
  const whole = body.lines.find(
    ({ text }) => text.startsWith(before) && !text.endsWith('[inline]'),
  );
  const named = /^([\w.$]+)(?:\+0x[0-9a-f]+\/0x[0-9a-f]+)?(?: \[([\w-]+)\])?/.exec(
    whole?.text.slice(before.length) ?? '',
  );
  return named?.[1] === undefined
    ? undefined
    : { name: functionName(named[1]), module: named[2] ?? null };
}

function readGroups(detector: Detector, body: ReportBody): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const match of [detector.header.exec(body.header), detector.body?.exec(body.text)]) {
    for (const [name, value] of Object.entries(match?.groups ?? {})) {
      if (value !== undefined && !groups.has(name)) groups.set(name, value.trim());
    }
  }
  return groups;
}

/** A title is torn when the time of another message got into it. */
const torn = /\[ *\d+\.\d+\]/;

function isCorrupted(detector: Detector, body: ReportBody, frame: string | null): boolean {
  if (detector.incomplete === true || body.lines[0]?.torn === true) return true;
  if (body.lines.some(({ text }) => text.includes('serialport: VM disconnected.'))) return true;
  if (detector.search === 'none') {
    return torn.test(body.header) || (detector.wantsTrace === true && !hasWholeStacks(body));
  }
  if (frame === null || isIntruded(body)) return true;
  if (detector.family === 'kmsan' && !tellsOrigin(body)) return true;
  return detector.needsNoTrace !== true && !hasWholeStacks(body);
}

/** Whether the stack of another CPU's forced failure got into the part where the function to blame is looked for. */
function isIntruded({ intrusions: [first], callTraces }: ReportBody): boolean {
  return first !== undefined && first < (callTraces[1] ?? Number.POSITIVE_INFINITY);
}

/** Whether KMSAN tells where the value came from. */
function tellsOrigin({ lines, frames }: ReportBody): boolean {
  const origin = lines.findIndex(({ text }) =>
    /Local variable .* created at:|Uninit was created at:/.test(text),
  );
  return frames.some(({ line, name }) => line > origin && origin > 0 && !isPassedOver(name));
}

/** Indexes of the first lines of a stack, without those that the unwinder only guessed. */
function reliableLines(lines: ReportBody['lines'], from: number, to: number): number[] {
  const near: number[] = [];
  const stamped = lines[0]?.seconds !== null;
  for (let at = from; at < to && near.length < frameWithin; at++) {
    if (!stamped || !/^\s*(?:\[<[0-9a-f]+>\])? *\? |\(unreliable\)$/.test(lines[at]?.text ?? ''))
      near.push(at);
  }
  return near;
}

/** How soon behind its label the first frame of a stack stands. */
const frameWithin = 15;

/** Whether there is a stack, and each kind of stack that is announced has a frame. */
function hasWholeStacks({ lines, stacks, frames }: ReportBody): boolean {
  const kinds = new Set<string>();
  let any = false;
  for (const [index, line] of stacks.entries()) {
    const text = lines[line]?.text ?? '';
    const kind = text.replace(/\d+|crc [0-9a-f]+/g, '').trim();
    if (kinds.has(kind) || text.includes('badaddr: ')) continue;
    kinds.add(kind);
    const near = reliableLines(lines, line + 1, stacks[index + 1] ?? lines.length);
    const framed = frames.some(({ line: at, place }) => place === 'call' && near.includes(at));
    if (!framed && !near.some((at) => lines[at]?.text.includes('(stack is not available)')))
      return false;
    any = true;
  }
  return any || frames.some(({ kind, place }) => kind === 'trace' && place === 'call');
}

/** A Rust panic tells its file even when the stack was lost; files of the language itself blame nobody. */
function sourceFile(path: string | undefined): string | undefined {
  if (path === undefined || /(?:^|\/)(?:library|rust)\/(?:core|alloc|kernel)\//.test(path))
    return undefined;
  return path.replace(/^.*\//, '');
}

/** The function that the header of a warning names, for a report whose stack was lost. */
function warningPlace(header: string): string | null {
  const place = /WARNING: .* (?:at )?(?<fn>[A-Za-z_][\w.]*)\+0x/.exec(header)?.groups?.['fn'];
  return place === undefined ? null : functionName(place);
}

/** Stalls are named by their entry point, so that they group; where a module is on the stack, it is the one to look at. */
function stalledModule(detector: Detector, body: ReportBody): string | undefined {
  if (detector.search !== 'entry' && detector.search !== 'interrupted') return undefined;
  return body.frames.find((frame) => frame.kind === 'trace' && frame.module !== null)?.name;
}
