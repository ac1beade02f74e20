// SPDX-License-Identifier: Apache-2.0
import { StringDecoder } from 'node:string_decoder';

/** Cuts a byte stream into lines without their ends; a line longer than the limit comes in several pieces. */
export class LineSplitter {
  readonly #maxLength: number;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  /** `maxLength` is in UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The lines that this chunk completes. */
  push(chunk: Uint8Array): string[] {
    const parts = (this.#partial + this.#decoder.write(Buffer.from(chunk))).split('\n');
    this.#partial = parts.pop() ?? '';
    const lines = parts.flatMap((line) => this.#cut(withoutReturn(line)));
    if (this.#partial.length > this.#maxLength) {
      const pieces = this.#cut(this.#partial);
      this.#partial = pieces.pop() ?? '';
      lines.push(...pieces);
    }
    return lines;
  }

  /** The last, unfinished line, if there is one. */
  end(): string[] {
    const rest = withoutReturn(this.#partial + this.#decoder.end());
    this.#partial = '';
    return rest === '' ? [] : this.#cut(rest);
  }

  #cut(line: string): string[] {
    if (line.length <= this.#maxLength) return [line];
    const pieces: string[] = [];
    for (let at = 0; at < line.length; at += this.#maxLength) {
      pieces.push(line.slice(at, at + this.#maxLength));
    }
    return pieces;
  }
}

/** A serial console ends lines with carriage return and newline, sometimes with two of the first. */
function withoutReturn(line: string): string {
  return line.replace(/\r+$/, '');
}
