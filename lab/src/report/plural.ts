// SPDX-License-Identifier: Apache-2.0

/** How many of something: `1 run`, `2 runs`; `many` for words that take no s. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}
