// SPDX-License-Identifier: Apache-2.0

/** How many of something: `1 run`, `2 runs`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
