// SPDX-License-Identifier: Apache-2.0

/** How the columns after the first are aligned; the first is always to the left. */
export type Alignment = 'left' | 'right';

/** Lines with columns as wide as their widest cell, the heading first; nothing when there are no rows. */
export function textTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: Alignment = 'left',
): string[] {
  if (rows.length === 0) return [];
  const all = [heading, ...rows];
  const widths = heading.map((_, column) =>
    Math.max(...all.map((cells) => (cells[column] ?? '').length)),
  );
  const aligned = (cell: string, column: number, width: number): string =>
    alignment === 'left' || column === 0 ? cell.padEnd(width) : cell.padStart(width);
  return all.map((cells) =>
    widths
      .map((width, column) => aligned(cells[column] ?? '', column, width))
      .join('  ')
      .trimEnd(),
  );
}

/** Lines of a table as a part of what a terminal shows. */
export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
