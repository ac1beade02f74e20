// SPDX-License-Identifier: Apache-2.0

import { allDetectors, matchesHeader } from './all-detectors.ts';
import type { CrashType } from './crash-report.ts';
import type { Detector } from './detector.ts';
import { otherNamesOf } from './function-buckets.ts';
import { guiltyFrame, type NamedFunction } from './guilty-frame.ts';
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
    hint: namedInHeader(groups.get('fn'), body.header),
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
  // Another CPU's forced failure was printed in between: the functions of the two cannot be told apart.
  const doubtful = body.mixedWithFaultInjection && detector.family !== 'oops';
  const inTitle = doubtful ? null : (frame?.inTitle ?? blamed);
  const title = fill(detector.title, inTitle);
  const altTitles = new Set<string>();
  for (const template of [detector.title, ...(detector.altTitles ?? [])]) {
    altTitles.add(fill(template, inTitle));
    if (doubtful || blamed === null) continue;
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

function namedInHeader(symbol: string | undefined, header: string): NamedFunction | undefined {
  if (symbol === undefined) return undefined;
  const module = /\+0x[0-9a-f]+\/0x[0-9a-f]+ \[([\w-]+)\]/.exec(header)?.[1] ?? null;
  return { name: functionName(symbol.replace(/\+0x.*$/, '')), module };
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

function isCorrupted(detector: Detector, body: ReportBody, frame: string | null): boolean {
  if (detector.incomplete === true || body.lines[0]?.torn === true) return true;
  if (detector.search === 'none') return false;
  if (frame === null || body.mixedWithFaultInjection) return true;
  return !body.hasCalls && detector.needsNoTrace !== true;
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
