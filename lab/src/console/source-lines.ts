// SPDX-License-Identifier: Apache-2.0

/** One function at one place in the source; the inner ones were inlined into the last. */
export interface SourcePlace {
  /** As in the source, without path and parameters. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** Reads the JSON of llvm-symbolizer: the places of each address, innermost first; those without a file are left out. */
export function readSymbolizerOutput(output: string): ReadonlyMap<bigint, readonly SourcePlace[]> {
  const places = new Map<bigint, readonly SourcePlace[]>();
  const parsed: unknown = JSON.parse(output);
  for (const entry of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!isRecord(entry) || typeof entry['Address'] !== 'string') continue;
    const symbols = Array.isArray(entry['Symbol']) ? entry['Symbol'] : [];
    places.set(BigInt(entry['Address']), symbols.flatMap(readPlace));
  }
  return places;
}

function readPlace(value: unknown): SourcePlace[] {
  if (!isRecord(value)) return [];
  const { FunctionName: name, FileName: file, Line: line } = value;
  if (typeof name !== 'string' || typeof file !== 'string' || typeof line !== 'number') return [];
  return file === '' ? [] : [{ name, file: shortPath(file), line }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The part of a path that means something on another machine. */
function shortPath(path: string): string {
  // The lab builds in a sandbox, where sources lie below /lab.
  const inside = path.replace(/^\/lab\/(?:source|module)\//, '');
  return inside.replace(/^.*?\/linux(?:-[\w.-]+)?\/(?!\w+\.h$)/, '').replace(/^(?:\.\/)+/, '');
}
