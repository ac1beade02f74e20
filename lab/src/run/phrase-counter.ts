// SPDX-License-Identifier: Apache-2.0

/** Counts a phrase in a stream of bytes that may be cut anywhere, also inside the phrase. */
export class PhraseCounter {
  readonly #phrase: string;
  #tail = '';
  #count = 0;

  constructor(phrase: string) {
    this.#phrase = phrase;
  }

  /** How often the phrase has come. */
  get count(): number {
    return this.#count;
  }

  /** Takes the next piece of the stream. */
  push(chunk: Uint8Array): void {
    const text = this.#tail + Buffer.from(chunk).toString('latin1');
    let from = 0;
    for (let at = text.indexOf(this.#phrase); at >= 0; at = text.indexOf(this.#phrase, from)) {
      this.#count += 1;
      from = at + this.#phrase.length;
    }
    this.#tail = text.slice(Math.max(from, text.length - this.#phrase.length + 1));
  }
}
