// SPDX-License-Identifier: Apache-2.0

import { CallSite } from './call-site.ts';
import { ConnectionLostError } from './errors.ts';
import type { Events } from './qapi.gen.ts';
import type { QmpTimestamp } from './qmp-message.ts';
import { throwIfAborted, type Wait, waitFor } from './wait.ts';

/** An event of QEMU: its name, its data as the schema has it, and QEMU's time stamp. */
export type QmpEvent<N extends keyof Events = keyof Events> = {
  [K in N]: { readonly name: K; readonly data: Events[K]; readonly timestamp: QmpTimestamp };
}[N];

/** What to listen to, and how many unread events to keep. */
export interface EventFilter<N extends keyof Events = keyof Events> {
  /** All events when absent. */
  readonly names?: readonly N[];
  /** When this many (1024 by default) are unread, the oldest gives way. */
  readonly capacity?: number;
}

type Ending = { readonly kind: 'disposed' } | { readonly kind: 'lost'; readonly cause: Error };

interface Taker<E> {
  readonly site: CallSite;
  readonly resolve: (result: IteratorResult<E, undefined>) => void;
  readonly reject: (error: Error) => void;
}

const DEFAULT_CAPACITY = 1024;

/**
 * One listener's own queue of events, from the moment it was made. What is queued is still delivered
 * after the end; then iteration throws ConnectionLostError if the link died, or is done if it was closed
 * on purpose. Leaving a `for await` disposes the stream.
 */
export class EventStream<N extends keyof Events = keyof Events>
  implements AsyncIterableIterator<QmpEvent<N>, undefined>, AsyncDisposable
{
  readonly #names: ReadonlySet<string> | undefined;
  readonly #capacity: number;
  readonly #onDispose: () => void;
  readonly #queue: QmpEvent<N>[] = [];
  readonly #takers: Taker<QmpEvent<N>>[] = [];
  #ending: Ending | undefined;
  #dropped = 0;

  /** Made by `QmpClient.events`. */
  constructor(filter: EventFilter<N>, onDispose: () => void) {
    const capacity = filter.capacity ?? DEFAULT_CAPACITY;
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be a whole number above 0, not ${capacity}`);
    }
    this.#capacity = capacity;
    this.#names = filter.names && new Set<string>(filter.names);
    this.#onDispose = onDispose;
  }

  /** How many events gave way to newer ones because nobody read them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The next event. Throws TimedOutError or AbortedError by `wait`, ConnectionLostError at the end. */
  async take(wait: Wait): Promise<QmpEvent<N>> {
    const site = new CallSite();
    const names = this.#names ? [...this.#names].join(' or ') : 'any event';
    throwIfAborted(wait, names); // before an event is taken off the queue
    const { promise, cancel } = this.#next(site);
    // A taker that gave up must not swallow the event that comes next.
    const result = await waitFor(promise, wait, names).finally(cancel);
    if (!result.done) return result.value;
    throw site.blame(new ConnectionLostError('the event stream was closed', 'disposed'));
  }

  next(): Promise<IteratorResult<QmpEvent<N>, undefined>> {
    return this.#next(new CallSite()).promise;
  }

  async return(): Promise<IteratorResult<QmpEvent<N>, undefined>> {
    this.#queue.length = 0;
    this.end({ kind: 'disposed' });
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** For the client: hands an event over if the filter wants it. */
  offer(event: QmpEvent): void {
    if (this.#ending || this.#names?.has(event.name) === false) return;
    const wanted = event as QmpEvent<N>;
    const taker = this.#takers.shift();
    if (taker) {
      taker.resolve({ done: false, value: wanted });
      return;
    }
    if (this.#queue.length === this.#capacity) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(wanted);
  }

  /** For the client: nothing more will come. */
  end(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#onDispose();
    for (const taker of this.#takers.splice(0)) this.#finish(taker, ending);
  }

  #next(site: CallSite): {
    promise: Promise<IteratorResult<QmpEvent<N>, undefined>>;
    cancel: () => void;
  } {
    let taker: Taker<QmpEvent<N>> | undefined;
    const promise = new Promise<IteratorResult<QmpEvent<N>, undefined>>((resolve, reject) => {
      taker = { site, resolve, reject };
      const event = this.#queue.shift();
      if (event) resolve({ done: false, value: event });
      else if (this.#ending) this.#finish(taker, this.#ending);
      else this.#takers.push(taker);
    });
    const cancel = (): void => {
      const index = taker ? this.#takers.indexOf(taker) : -1;
      if (index !== -1) this.#takers.splice(index, 1);
    };
    return { promise, cancel };
  }

  #finish(taker: Taker<QmpEvent<N>>, ending: Ending): void {
    if (ending.kind === 'disposed') taker.resolve({ done: true, value: undefined });
    else taker.reject(taker.site.blame(lostWhileListening(ending.cause)));
  }
}

function lostWhileListening(cause: Error): ConnectionLostError {
  const reason = cause instanceof ConnectionLostError ? cause.reason : 'stream-error';
  return new ConnectionLostError(`no more events: ${cause.message}`, reason, [], { cause });
}
