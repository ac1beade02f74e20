// SPDX-License-Identifier: Apache-2.0

import type { Duplex } from 'node:stream';
import { CallSite } from './call-site.ts';
import { CommandQueue } from './command-queue.ts';
import {
  CommandRefusedError,
  ConnectionLostError,
  GreetingError,
  type LossReason,
  ProtocolViolationError,
  TimedOutError,
} from './errors.ts';
import { type EventFilter, EventStream, type QmpEvent } from './event-stream.ts';
import { excerpt } from './excerpt.ts';
import { LineReader } from './line-reader.ts';
import type { Commands, Events, OobCommands } from './qapi.gen.ts';
import { stringifyQmpJson } from './qmp-json.ts';
import { parseQmpMessage, type QmpGreeting, type QmpMessage } from './qmp-message.ts';
import { Deadline, type Wait, waitFor } from './wait.ts';

const MAX_LINE_BYTES = 10 * 1024 * 1024; // libvirt's limit
const GREETING_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1_000;

/** Where a connection is in its life. */
export type QmpStateName = 'connecting' | 'negotiating' | 'running' | 'closed';

type State =
  | { readonly name: 'connecting'; readonly greeted: (greeting: QmpGreeting) => void }
  | { readonly name: 'negotiating' }
  | { readonly name: 'running' }
  | { readonly name: 'closed'; readonly error: ConnectionLostError };

/** Numbers for a log or a doctor. */
export interface QmpStatistics {
  readonly lateReplies: number;
  readonly unknownReplies: number;
  readonly events: number;
}

/** Limits that only tests and odd set-ups change. */
export interface QmpOptions {
  /** A time-out for the greeting alone, in ms; the deadline of `connect` counts too. */
  readonly greetingTimeoutMs?: number;
  /** A longer line from QEMU ends the connection; in bytes. */
  readonly maxLineBytes?: number;
}

/**
 * A QMP connection that is past negotiation. The stream belongs to the client from `connect` on and
 * dies with it.
 */
export class QmpClient implements AsyncDisposable {
  /**
   * Resolves (never rejects) with why the connection ended, once it has: reason `disposed` if we
   * closed it ourselves.
   */
  readonly closed: Promise<ConnectionLostError>;
  readonly #stream: Duplex;
  readonly #reader: LineReader;
  readonly #commands = new CommandQueue();
  readonly #listeners = new Set<EventStream>();
  readonly #greeting: Promise<QmpGreeting>;
  readonly #reportClosed: (error: ConnectionLostError) => void;
  readonly #refuseGreeting: (error: Error) => void;
  #state: State;
  #greetingMessage: QmpGreeting | undefined;
  #oob = false;
  #events = 0;
  /** Lines not handled yet; they pile up only while `#held`. */
  #backlog: string[] = [];
  #held = false;

  private constructor(stream: Duplex, maxLineBytes: number) {
    const closed = promiseParts<ConnectionLostError>();
    const greeting = promiseParts<QmpGreeting>();
    greeting.promise.catch(() => undefined); // `connect` waits for it, when it has not failed earlier
    this.closed = closed.promise;
    this.#greeting = greeting.promise;
    this.#reportClosed = closed.resolve;
    this.#refuseGreeting = greeting.reject;
    this.#state = { name: 'connecting', greeted: greeting.resolve };
    this.#stream = stream;
    this.#reader = new LineReader(maxLineBytes);
    stream.on('error', (error) => {
      this.#handleBacklog();
      this.#lose('stream-error', error.message, error);
    });
    stream.on('end', () => this.#peerClosed());
    stream.on('close', () => this.#peerClosed());
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
  }

  /**
   * Waits for the greeting, negotiates (with out-of-band commands if QEMU offers them) and returns the
   * client. Listeners added in the same turn of the event loop miss no event. Throws GreetingError,
   * ConnectionLostError, ProtocolViolationError or AbortedError, and the stream is destroyed then.
   */
  static async connect(stream: Duplex, wait: Wait, options: QmpOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(stream, options.maxLineBytes ?? MAX_LINE_BYTES);
    try {
      await client.#open(wait, options.greetingTimeoutMs ?? GREETING_TIMEOUT_MS);
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where the connection is now. */
  get state(): QmpStateName {
    return this.#state.name;
  }

  /** What QEMU said of itself. */
  get greeting(): QmpGreeting {
    if (this.#greetingMessage === undefined) throw new GreetingError('there was no greeting yet');
    return this.#greetingMessage;
  }

  /** Whether QEMU agreed to out-of-band commands. */
  get outOfBand(): boolean {
    return this.#oob;
  }

  /** Names of the commands that have no answer yet, oldest first. */
  get pendingCommands(): readonly string[] {
    return this.#commands.pending;
  }

  /** Counters since the start. */
  get statistics(): QmpStatistics {
    const { lateReplies, unknownReplies } = this.#commands;
    return { lateReplies, unknownReplies, events: this.#events };
  }

  /**
   * Runs one command and returns its answer. At most 8 are with QEMU at a time, the rest wait their
   * turn. A command that timed out or was aborted after it was sent may still take effect. Throws
   * CommandRefusedError, TimedOutError, AbortedError, ConnectionLostError, ProtocolViolationError, and
   * RangeError for a number beyond 2^53 that is not a bigint.
   */
  execute<C extends keyof Commands>(
    command: C,
    args: Commands[C]['args'],
    wait: Wait,
  ): Promise<Commands[C]['returns']> {
    return this.#submit('execute', command, args, wait);
  }

  /** As `execute`, but ahead of the commands QEMU is busy with; refused if QEMU did not agree to it. */
  executeOutOfBand<C extends OobCommands>(
    command: C,
    args: Commands[C]['args'],
    wait: Wait,
  ): Promise<Commands[C]['returns']> {
    if (this.#oob) return this.#submit('exec-oob', command, args, wait);
    const error = new CommandRefusedError(
      command,
      'OutOfBandNotNegotiated',
      'this QEMU does not offer out-of-band commands',
    );
    return Promise.reject(error);
  }

  /** Listens from now on; dispose the stream when done. */
  events<N extends keyof Events = keyof Events>(filter: EventFilter<N> = {}): EventStream<N> {
    const stream = new EventStream<N>(filter, () => this.#listeners.delete(listener));
    const listener = stream as unknown as EventStream;
    if (this.#state.name === 'closed') endListener(listener, this.#state.error);
    else this.#listeners.add(listener);
    return stream;
  }

  /** Closes the connection; commands without an answer reject, iterations end. Does not stop QEMU. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose('disposed', 'closed on our side');
    if (this.#stream.closed) return;
    const closed = new Promise<void>((resolve) => this.#stream.once('close', resolve));
    const wait = {
      signal: new AbortController().signal,
      deadline: Deadline.after(CLOSE_TIMEOUT_MS),
    };
    // A stream that never says 'close' was destroyed all the same.
    await waitFor(closed, wait, 'the stream to close').catch(() => undefined);
  }

  async #open(wait: Wait, greetingTimeoutMs: number): Promise<void> {
    if (this.#stream.destroyed || this.#stream.readableEnded) this.#peerClosed();
    const greeting = await this.#awaitGreeting(wait, greetingTimeoutMs);
    this.#greetingMessage = greeting;
    const oob = greeting.capabilities.includes('oob');
    const args = oob ? { enable: ['oob'] as const } : {};
    try {
      await this.#submit('execute', 'qmp_capabilities', args, wait);
    } catch (cause) {
      if (!(cause instanceof CommandRefusedError || cause instanceof TimedOutError)) throw cause;
      throw new GreetingError(`QMP negotiation failed: ${cause.message}`, { cause });
    }
    this.#oob = oob;
  }

  async #awaitGreeting(wait: Wait, timeoutMs: number): Promise<QmpGreeting> {
    const site = new CallSite();
    const bounded = { signal: wait.signal, deadline: wait.deadline.sooner(timeoutMs) };
    try {
      return await waitFor(this.#greeting, bounded, 'the QMP greeting');
    } catch (cause) {
      if (!(cause instanceof TimedOutError)) throw cause;
      const hint = 'QEMU hangs, or another client holds this monitor';
      throw site.blame(new GreetingError(`no QMP greeting came: ${hint}`, { cause }));
    }
  }

  #submit<C extends keyof Commands>(
    verb: 'execute' | 'exec-oob',
    command: C,
    args: Commands[C]['args'],
    wait: Wait,
  ): Promise<Commands[C]['returns']> {
    if (this.#state.name === 'closed') {
      return Promise.reject(new CallSite().blame(cannotSend(command, this.#state.error)));
    }
    let body: string;
    try {
      body = stringifyQmpJson(args);
    } catch (error) {
      return Promise.reject(error);
    }
    const name = JSON.stringify(command);
    return this.#commands.submit({
      command,
      outOfBand: verb === 'exec-oob',
      wait,
      send: (id) => {
        this.#stream.write(`{"${verb}":${name},"arguments":${body},"id":${id}}\n`);
      },
    }) as Promise<Commands[C]['returns']>;
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const line of this.#reader.push(chunk)) this.#backlog.push(line);
    } catch (error) {
      this.#handleBacklog();
      this.#violated(error);
    }
    if (!this.#held) this.#handleBacklog();
  }

  #handleBacklog(): void {
    this.#held = false;
    try {
      while (!this.#held && this.#state.name !== 'closed') {
        const line = this.#backlog.shift();
        if (line === undefined) return;
        if (line.trim() !== '') this.#handle(parseQmpMessage(line), line);
      }
    } catch (error) {
      this.#violated(error);
    }
  }

  #handle(message: QmpMessage, line: string): void {
    switch (message.kind) {
      case 'greeting':
        this.#greet(message.greeting, line);
        break;
      case 'event':
        this.#announce(message as unknown as QmpEvent);
        break;
      case 'error':
        // Without an id QEMU could not read something of ours, and does not say what.
        if (message.id === undefined) throw violation('an error without an id', line);
        this.#answer(message, line);
        break;
      case 'return':
        this.#answer(message, line);
        break;
    }
  }

  #answer(message: Extract<QmpMessage, { kind: 'return' | 'error' }>, line: string): void {
    if (this.#state.name === 'connecting') {
      this.#refuseGreeting(new GreetingError(`an answer came before a greeting: ${excerpt(line)}`));
      return;
    }
    const answered = this.#commands.answer(message.id, message);
    if (answered && this.#state.name === 'negotiating') this.#run();
  }

  #greet(greeting: QmpGreeting, line: string): void {
    if (this.#state.name !== 'connecting') throw violation('a second greeting', line);
    this.#state.greeted(greeting);
    this.#state = { name: 'negotiating' };
  }

  /** Lets the caller of `connect` add its listeners before the lines that came along are handled. */
  #run(): void {
    this.#state = { name: 'running' };
    this.#held = true;
    setImmediate(() => this.#handleBacklog());
  }

  #announce(event: QmpEvent): void {
    this.#events += 1;
    const { name, data, timestamp } = event;
    for (const listener of this.#listeners) {
      listener.offer({ name, data, timestamp } as QmpEvent);
    }
  }

  #peerClosed(): void {
    this.#handleBacklog();
    const bytes = this.#reader.partialBytes;
    const where = bytes === 0 ? '' : ` in the middle of a line (${bytes} bytes)`;
    this.#lose('peer-closed', `QEMU closed the connection${where}`);
  }

  #violated(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#lose('protocol-violation', cause.message, cause);
  }

  #lose(reason: LossReason, why: string, cause?: Error): void {
    if (this.#state.name === 'closed') return;
    const pending = this.#commands.pending;
    const options = cause && { cause };
    const error = new ConnectionLostError(describeLoss(why, pending), reason, pending, options);
    const makeError = (): Error =>
      cause instanceof ProtocolViolationError
        ? new ProtocolViolationError(cause.what, cause.excerpt, { cause })
        : new ConnectionLostError(error.message, reason, pending, { cause: error });
    this.#state = { name: 'closed', error };
    this.#refuseGreeting(makeError());
    this.#commands.failAll(makeError);
    for (const listener of [...this.#listeners]) endListener(listener, error);
    this.#stream.destroy();
    this.#reportClosed(error);
  }
}

function endListener(listener: EventStream, error: ConnectionLostError): void {
  listener.end(error.reason === 'disposed' ? { kind: 'disposed' } : { kind: 'lost', cause: error });
}

function describeLoss(why: string, pending: readonly string[]): string {
  const unfinished = pending.length === 0 ? '' : `; without an answer: ${pending.join(', ')}`;
  return `the QMP connection is lost: ${why}${unfinished}`;
}

function cannotSend(command: string, cause: ConnectionLostError): ConnectionLostError {
  return new ConnectionLostError(`cannot send ${command}: ${cause.message}`, cause.reason, [], {
    cause,
  });
}

function violation(message: string, line: string): ProtocolViolationError {
  return new ProtocolViolationError(message, excerpt(line));
}

function promiseParts<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
