// SPDX-License-Identifier: Apache-2.0
import { LabFailure } from './errors.ts';

/** No space, no quota, and what SQLite makes of no space. */
const codes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/** Errors of errors are looked at so deep. */
const mostLinks = 16;

/** What to tell about an error that comes of a full disk, however deep; undefined for others. */
export function fullDisk(error: unknown): LabFailure | undefined {
  const cause = find(error, mostLinks);
  if (cause === undefined) return undefined;
  return new LabFailure('DISK_FULL', `a disk is full: ${cause.message}`, {
    remedy:
      'Free space, or set LAB_STATE_DIR (results), XDG_CACHE_HOME (builds, saved machines) or TMPDIR to where there is some. What was recorded before is kept.',
    cause,
  });
}

function find(error: unknown, links: number): Error | undefined {
  if (!(error instanceof Error) || links === 0) return undefined;
  const { code, cause, errors, suppressed, error: last } = error as Error & Links;
  if (codes.has(code)) return error;
  for (const inner of [cause, suppressed, last, ...(errors ?? [])]) {
    const found = find(inner, links - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the runtime puts errors behind an error: `cause`, AggregateError's and SuppressedError's members. */
interface Links {
  readonly code?: unknown;
  readonly errors?: readonly unknown[];
  readonly suppressed?: unknown;
  readonly error?: unknown;
}
