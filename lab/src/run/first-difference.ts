// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Where two files differ first; a line that one of them does not have is `undefined`. */
export interface Difference {
  /** Counted from 1. */
  readonly line: number;
  readonly one: string | undefined;
  readonly other: string | undefined;
}

/** The first line in which two text files differ; `undefined` when none does. */
export async function firstDifference(one: string, other: string): Promise<Difference | undefined> {
  const a = linesOf(one);
  const b = linesOf(other);
  for (let line = 1; ; line += 1) {
    const [left, right] = [await a.next(), await b.next()];
    if (left.done === true && right.done === true) return undefined;
    const [x, y] = [left, right].map(({ done, value }) => (done === true ? undefined : value));
    if (x !== y) return { line, one: x, other: y };
  }
}

function linesOf(path: string): AsyncIterator<string> {
  return createInterface({ input: createReadStream(path) })[Symbol.asyncIterator]();
}
