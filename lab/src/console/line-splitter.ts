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
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(asBuffer(chunk));
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#returns(text, from, end, onLine);
      this.#emit(onLine);
      this.#number++;
      from = end + 1;
    }
    this.#returns(text, from, text.length, onLine);
  }

  /** Ends the stream: what is left without an end of line is a line too. */
  end(onLine: (line: string, number: number) => void): void {
    this.#keep(this.#decoder.end());
    this.#emit(onLine);
  }

  /** Takes what lies between two ends of lines; each `\r` in it ends a part. */
  #returns(
    text: string,
    start: number,
    end: number,
    onLine: (line: string, number: number) => void,
  ): void {
    const piece = text.slice(start, end);
    let from = 0;
    for (let cut = piece.indexOf('\r'); cut >= 0; cut = piece.indexOf('\r', from)) {
      this.#keep(piece.slice(from, cut));
      this.#emit(onLine);
      from = cut + 1;
    }
    this.#keep(from === 0 ? piece : piece.slice(from));
  }

  #keep(text: string): void {
    const room = maxLineLength - this.#rest.length;
    if (room <= 0) return;
    const kept = text.length > room ? text.slice(0, room) : text;
    this.#rest = this.#rest === '' ? kept : this.#rest + kept;
  }

  #emit(onLine: (line: string, number: number) => void): void {
    const line = this.#rest;
    this.#rest = '';
    if (line !== '') onLine(line, this.#number);
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
