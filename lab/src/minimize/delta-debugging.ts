// SPDX-License-Identifier: Apache-2.0

/** Whether a part of the list still does what the whole list does. */
export type Holds<T> = (part: readonly T[]) => Promise<boolean>;

/**
 * A part of a list that still `holds`, and does no more when any one of its elements is left out, the order kept:
 * ddmin (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input, TSE 2002). `holds` is taken to be true of
 * the whole list. It is asked `atOnce` questions at the same time; the answer does not depend on that number. Each smaller
 * part that is gone on with is told to `kept`, as it was given to `holds`: the last one is the answer.
 */
export async function smallestPart<T>(
  list: readonly T[],
  holds: Holds<T>,
  atOnce = 1,
  kept: (part: readonly T[]) => void = () => undefined,
): Promise<readonly T[]> {
  const none: readonly T[] = [];
  if (list.length === 0) return none;
  if (await holds(none)) {
    kept(none);
    return none;
  }
  let part = list;
  let pieces = 2;
  while (part.length > 1) {
    const chunks = split(part, pieces);
    // Of two chunks each is the other's complement.
    const rests = pieces > 2 ? chunks.map((chunk) => without(part, chunk)) : [];
    const candidates = [...chunks, ...rests].map((some) => some.map(({ item }) => item));
    const smaller = await first(candidates, holds, atOnce);
    if (smaller !== undefined) {
      part = candidates[smaller] ?? none;
      kept(part);
      pieces = smaller < chunks.length ? 2 : Math.max(pieces - 1, 2);
    } else if (pieces < part.length) {
      pieces = Math.min(pieces * 2, part.length);
    } else {
      break;
    }
  }
  return part;
}

interface Placed<T> {
  readonly at: number;
  readonly item: T;
}

/** Cuts a list into pieces whose lengths differ by one at most. */
function split<T>(list: readonly T[], pieces: number): readonly (readonly Placed<T>[])[] {
  const placed = list.map((item, at) => ({ at, item }));
  const edge = (piece: number) => Math.floor((piece * list.length) / pieces);
  return Array.from({ length: pieces }, (_, piece) => placed.slice(edge(piece), edge(piece + 1)));
}

function without<T>(list: readonly T[], chunk: readonly Placed<T>[]): readonly Placed<T>[] {
  const gone = new Set(chunk.map(({ at }) => at));
  return list.flatMap((item, at) => (gone.has(at) ? [] : [{ at, item }]));
}

/** Index of the first candidate that holds. */
async function first<T>(
  candidates: readonly (readonly T[])[],
  holds: Holds<T>,
  atOnce: number,
): Promise<number | undefined> {
  for (let next = 0; next < candidates.length; next += atOnce) {
    const batch = candidates.slice(next, next + atOnce);
    const answers = await Promise.all(batch.map((part) => holds(part)));
    const found = answers.indexOf(true);
    if (found >= 0) return next + found;
  }
  return undefined;
}
