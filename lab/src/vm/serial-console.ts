// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { LineSplitter } from './line-splitter.ts';

/** The guest's console ended while someone was still reading it. */
export class ConsoleEndedError extends Error {
  readonly code = 'CONSOLE_ENDED';

  constructor(cause?: unknown) {
    super('the console ended: the machine is gone', cause === undefined ? undefined : { cause });
    this.name = 'ConsoleEndedError';
  }
}

export interface SerialConsoleLimits {
  /** Lines kept for late readers. */
  readonly historyLines: number;
  /** Lines that a reader may lag behind before the oldest are dropped. */
  readonly queueLines: number;
  /** Longest line in characters; a longer one comes in pieces. */
  readonly lineLength: number;
}

const defaultLimits: SerialConsoleLimits = {
  historyLines: 2_000,
  queueLines: 20_000,
  lineLength: 4_096,
};

/** One reader's view of the console: its own bounded queue of lines. */
export interface ConsoleLines extends AsyncIterableIterator<string>, Disposable {
  /** Lines lost because the reader was slower than the guest. */
  readonly dropped: number;
}

interface Listener {
  line(line: string): void;
  ended(error: ConsoleEndedError): void;
}

/**
 * Live, bounded view of a guest's serial console. QEMU itself writes the complete record to a file; what is
 * read here may lose lines when nobody keeps up, and says so.
 */
export class SerialConsole {
  /** Resolves when the machine has closed its end. Never rejects. */
  readonly ended: Promise<void>;
  readonly #stream: Duplex;
  readonly #limits: SerialConsoleLimits;
  readonly #splitter: LineSplitter;
  readonly #history: string[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #sinks = new Set<(chunk: Uint8Array) => void>();
  #end: ConsoleEndedError | undefined;

  constructor(stream: Duplex, limits: Partial<SerialConsoleLimits> = {}) {
    this.#stream = stream;
    this.#limits = { ...defaultLimits, ...limits };
    this.#splitter = new LineSplitter(this.#limits.lineLength);
    this.ended = new Promise((resolve) => {
      const finish = (cause?: unknown): void => {
        this.#finish(cause);
        resolve();
      };
      stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
      stream.once('end', () => finish());
      stream.once('close', () => finish());
      stream.once('error', finish);
    });
  }

  /** The last lines, oldest first; at most `historyLines` of them. */
  history(): readonly string[] {
    return [...this.#history];
  }

  /** Lines from now on, or from the oldest kept line on; throws ConsoleEndedError after the last one. */
  lines(from: 'now' | 'history' = 'now'): ConsoleLines {
    const reader = new LineReader(this.#limits.queueLines, () => this.#listeners.delete(reader));
    if (from === 'history') for (const line of this.#history) reader.line(line);
    if (this.#end === undefined) this.#listeners.add(reader);
    else reader.ended(this.#end);
    return reader;
  }

  /**
   * The first line, kept or to come, that matches; ConsoleEndedError when the machine goes before.
   * `pattern` must not have the `g` or `y` flag.
   */
  async waitForLine(pattern: RegExp, wait: Wait): Promise<RegExpMatchArray> {
    using lines = this.lines('history');
    const search = async (): Promise<RegExpMatchArray> => {
      for await (const line of lines) {
        const match = line.match(pattern);
        if (match !== null) return match;
      }
      throw new ConsoleEndedError();
    };
    return await waitFor(search(), wait, `a console line that matches ${pattern}`);
  }

  /** Sends raw bytes as they come to `sink`, from now on, until the result is disposed. */
  attach(sink: (chunk: Uint8Array) => void): Disposable {
    this.#sinks.add(sink);
    return { [Symbol.dispose]: () => void this.#sinks.delete(sink) };
  }

  /** Types into the guest's console; nothing happens when the machine is gone. */
  write(data: string): void {
    if (this.#stream.writable) this.#stream.write(data);
  }

  #receive(chunk: Uint8Array): void {
    for (const sink of this.#sinks) sink(chunk);
    this.#publish(this.#splitter.push(chunk));
  }

  #publish(lines: readonly string[]): void {
    for (const line of lines) {
      this.#history.push(line);
      for (const listener of this.#listeners) listener.line(line);
    }
    const excess = this.#history.length - this.#limits.historyLines;
    if (excess > 0) this.#history.splice(0, excess);
  }

  #finish(cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#publish(this.#splitter.end());
    this.#end = new ConsoleEndedError(cause);
    for (const listener of this.#listeners) listener.ended(this.#end);
    this.#listeners.clear();
  }
}

interface PendingRead {
  resolve(result: IteratorResult<string, undefined>): void;
  reject(error: Error): void;
}

/** A queue between the console and one reader. */
class LineReader implements ConsoleLines, Listener {
  dropped = 0;
  readonly #capacity: number;
  readonly #unsubscribe: () => void;
  readonly #queue: string[] = [];
  readonly #pending: PendingRead[] = [];
  #end: ConsoleEndedError | undefined;
  #done = false;

  constructor(capacity: number, unsubscribe: () => void) {
    this.#capacity = capacity;
    this.#unsubscribe = unsubscribe;
  }

  line(line: string): void {
    const reader = this.#pending.shift();
    if (reader !== undefined) {
      reader.resolve({ value: line, done: false });
      return;
    }
    this.#queue.push(line);
    if (this.#queue.length > this.#capacity) {
      this.#queue.shift();
      this.dropped += 1;
    }
  }

  ended(error: ConsoleEndedError): void {
    this.#end = error;
    for (const reader of this.#pending.splice(0)) reader.reject(error);
  }

  next(): Promise<IteratorResult<string, undefined>> {
    if (this.#done) return Promise.resolve({ value: undefined, done: true });
    const line = this.#queue.shift();
    if (line !== undefined) return Promise.resolve({ value: line, done: false });
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<string, undefined>> {
    this[Symbol.dispose]();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.dispose](): void {
    this.#done = true;
    this.#unsubscribe();
    this.#queue.length = 0;
    for (const reader of this.#pending.splice(0)) reader.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
