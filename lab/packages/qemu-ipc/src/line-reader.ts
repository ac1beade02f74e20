// SPDX-License-Identifier: Apache-2.0

import { ProtocolViolationError } from './errors.ts';
import { excerpt } from './excerpt.ts';

const NEWLINE = 0x0a;

/** Cuts a byte stream into lines of UTF-8. Every byte is looked at once, however it is chunked. */
export class LineReader {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Uint8Array[] = [];
  #partialBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the line that has not ended yet. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** The lines that end in this chunk, one by one. Throws ProtocolViolationError if one is too long or not UTF-8. */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      this.#keep(end === -1 ? chunk.subarray(start) : chunk.subarray(start, end));
      if (end === -1) return;
      start = end + 1;
      yield this.#finishLine();
    }
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#partialBytes += part.length;
    if (this.#partialBytes > this.#maxBytes) {
      throw new ProtocolViolationError(
        `a line is longer than ${this.#maxBytes} bytes`,
        excerpt(Buffer.from(this.#parts[0] ?? part).toString('latin1')),
      );
    }
  }

  #finishLine(): string {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partialBytes = 0;
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw new ProtocolViolationError('a line is not UTF-8', excerpt(bytes.toString('latin1')), {
        cause,
      });
    }
  }
}
