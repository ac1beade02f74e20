// SPDX-License-Identifier: Apache-2.0

/** Instructions of one line of a source file: from an address on, up to another. */
export interface LineRange {
  readonly start: bigint;
  readonly end: bigint;
  /** Relative to the folder that the module was compiled in. */
  readonly file: string;
  readonly line: number;
}

interface Row {
  readonly address: bigint;
  readonly line: number;
  readonly file: number;
  readonly last: boolean;
}

/**
 * Reads what `llvm-dwarfdump --debug-line` prints of a module: the lines of its own files, not of headers and
 * libraries from elsewhere, which have absolute paths.
 */
export function readLineTable(dump: string): readonly LineRange[] {
  return dump
    .split(/^debug_line\[/m)
    .slice(1)
    .flatMap(unitLines);
}

function unitLines(unit: string): LineRange[] {
  const files = ownFiles(unit);
  const rows = [...unit.matchAll(/^0x([0-9a-f]+) +(\d+) +\d+ +(\d+) (.*)$/gm)].map(
    ([, address, line, file, rest]): Row => ({
      address: BigInt(`0x${address}`),
      line: Number(line),
      file: Number(file),
      last: rest?.includes('end_sequence') === true,
    }),
  );
  return rows.flatMap((row, index) => {
    const next = rows[index + 1];
    const file = files.get(row.file);
    // Line 0 is code that belongs to no line.
    const none = row.last || row.line === 0 || next === undefined || next.address <= row.address;
    return none || file === undefined
      ? []
      : [{ start: row.address, end: next.address, file, line: row.line }];
  });
}

/** Files of the module itself by their numbers. */
function ownFiles(unit: string): ReadonlyMap<number, string> {
  const folders = new Map(
    [...unit.matchAll(/^include_directories\[ *(\d+)\] = "(.*)"$/gm)].map(([, number, path]) => [
      Number(number),
      path ?? '',
    ]),
  );
  // From version 5 of DWARF on, folder 0 is the one that was compiled in; before, it has no name.
  const compiledIn = folders.get(0);
  const files = new Map<number, string>();
  for (const [, number, name = '', folder] of unit.matchAll(
    /^file_names\[ *(\d+)\]:\n +name: "(.*)"\n +dir_index: (\d+)$/gm,
  )) {
    const path = folders.get(Number(folder)) ?? '';
    const own = path === compiledIn || path === '.' ? '' : path;
    if (own.startsWith('/') || name.startsWith('/') || name.endsWith('.mod.c')) continue;
    files.set(Number(number), own === '' ? name : `${own}/${name}`);
  }
  return files;
}
