// SPDX-License-Identifier: Apache-2.0

import { fileURLToPath } from 'node:url';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const ownFolders = [`${packageFolder}src/`, `${packageFolder}dist/`];
/** More frames of our own than this are never on top of a caller's. */
const OWN_DEPTH = 10;

/** Remembers where a call came from, for errors that are born later in the reader of the stream. */
export class CallSite {
  readonly #frames: string;

  constructor() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = limit + OWN_DEPTH;
    const [, ...frames] = (new Error().stack ?? '').split('\n');
    Error.stackTraceLimit = limit;
    const own = frames.findLastIndex((frame) => ownFolders.some((path) => frame.includes(path)));
    this.#frames = frames.slice(own + 1).join('\n');
  }

  /** Points the error's stack at the remembered call and returns the error. */
  blame<E extends Error>(error: E): E {
    error.stack = `${error.name}: ${error.message}\n${this.#frames}`;
    return error;
  }
}
