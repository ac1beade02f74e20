// SPDX-License-Identifier: Apache-2.0

/** Collects a program's output up to a limit; what comes after is counted and dropped. */
export class BoundedOutput {
  /** Bytes that did not fit. */
  dropped = 0;
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  push(chunk: Buffer): void {
    const kept = chunk.subarray(0, this.#limit - this.#size);
    this.#size += kept.length;
    this.dropped += chunk.length - kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
