// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream';

/** Keeps the last bytes of a stream and lets the rest go, so that a chatty program cannot fill memory. */
export class OutputTail {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(stream: Readable, limitBytes: number) {
    this.#limit = limitBytes;
    stream.on('data', (chunk: Buffer) => this.#keep(chunk));
    stream.on('error', () => undefined);
  }

  /** What is kept, as text without surrounding blanks. */
  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8').trim();
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size > this.#limit) {
      const first = this.#chunks.shift() ?? Buffer.alloc(0);
      const excess = this.#size - this.#limit;
      this.#size -= first.length;
      if (first.length <= excess) continue;
      const rest = first.subarray(excess);
      this.#chunks.unshift(rest);
      this.#size += rest.length;
    }
  }
}
