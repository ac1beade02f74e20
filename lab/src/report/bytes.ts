// SPDX-License-Identifier: Apache-2.0

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size with two digits or more: `512 B`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? size.toFixed(0) : Number(size.toPrecision(2))} ${units[unit]}`;
}
