// SPDX-License-Identifier: Apache-2.0
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Clock } from './guest-clock.ts';

/** `events.ndjson`: what was done to the guest and what was seen, one JSON document a line. */
export class EventLog {
  readonly #file: WriteStream;
  readonly #clock: Clock;
  readonly #start = performance.now();
  #problem: Error | undefined;

  constructor(path: string, clock: Clock) {
    this.#file = createWriteStream(path, { flags: 'a' });
    this.#clock = clock;
    this.#file.on('error', (error) => {
      this.#problem = error;
    });
  }

  /** Adds an event at this moment: `wall` ISO 8601, `ms` since the log began, `virtualNs` of the guest when known. */
  write(type: string, details: Readonly<Record<string, unknown>> = {}): void {
    const virtualNs = this.#clock.nowNs();
    const event = {
      v: 1,
      wall: new Date().toISOString(),
      ms: Math.round((performance.now() - this.#start) * 1000) / 1000,
      virtualNs: virtualNs === undefined ? null : Math.round(virtualNs),
      type,
      ...details,
    };
    this.#file.write(`${JSON.stringify(event)}\n`);
  }

  /** Ends the file; fails when an event could not be written. */
  async close(): Promise<void> {
    this.#file.end();
    await finished(this.#file);
    if (this.#problem !== undefined) {
      throw this.#problem;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#file.writableEnded) {
      await this.close();
    }
  }
}
