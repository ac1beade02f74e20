// SPDX-License-Identifier: Apache-2.0

import { StringDecoder } from 'node:string_decoder';

/** Longest line kept, in UTF-16 units; the rest of a longer line is dropped. */
export const maxLineLength = 1024;

/** Cuts a byte stream into numbered lines of bounded length. A lone `\r` cuts too, but does not count as a line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #number = 1;

  /** Feeds a chunk and calls `onLine` for each part that it completes. */
  push(chunk: Uint8Array | string, onLine: (line: string, number: number) => void): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk));
    let from = 0;
    for (const match of text.matchAll(/[\r\n]/g)) {
      this.#keep(text.slice(from, match.index));
      from = match.index + 1;
      this.#emit(onLine);
      if (match[0] === '\n') this.#number++;
    }
    this.#keep(text.slice(from));
  }

  /** Ends the stream: what is left without an end of line is a line too. */
  end(onLine: (line: string, number: number) => void): void {
    this.#keep(this.#decoder.end());
    this.#emit(onLine);
  }

  #keep(text: string): void {
    const room = maxLineLength - this.#rest.length;
    if (room > 0) this.#rest += text.slice(0, room);
  }

  #emit(onLine: (line: string, number: number) => void): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') onLine(line, this.#number);
  }
}
