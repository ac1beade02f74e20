// SPDX-License-Identifier: Apache-2.0

import { setMaxListeners } from 'node:events';
import { AbortedError, TimedOutError } from './errors.ts';

/** setTimeout takes no more than this; longer waits are re-armed. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A moment on the monotonic clock after which waiting is pointless. */
export class Deadline {
  /** The deadline that never comes. */
  static readonly never: Deadline = new Deadline(Number.POSITIVE_INFINITY);
  readonly #at: number;

  private constructor(at: number) {
    this.#at = at;
  }

  /** The moment `ms` milliseconds from now. */
  static after(ms: number): Deadline {
    if (Number.isNaN(ms)) throw new RangeError('a deadline needs a number of milliseconds');
    return new Deadline(performance.now() + ms);
  }

  /** Milliseconds left: 0 when passed, Infinity for `never`. */
  remainingMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** True once the moment has passed. */
  get expired(): boolean {
    return this.remainingMs() === 0;
  }

  /** This deadline, or `ms` milliseconds from now if that comes first. */
  sooner(ms: number): Deadline {
    const other = Deadline.after(ms);
    return other.#at < this.#at ? other : this;
  }
}

/** What bounds a wait: the caller's wish to stop, and a moment. */
export interface Wait {
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
}

/** Calls `expire` once at the deadline; the returned function calls it off. */
export function armDeadline(deadline: Deadline, expire: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const left = deadline.remainingMs();
    if (left === Number.POSITIVE_INFINITY) return;
    // Rounded up: timers may fire a fraction of a millisecond early by performance.now().
    timer = setTimeout(
      () => (deadline.expired ? expire() : arm()),
      Math.min(Math.ceil(left), LONGEST_TIMER_MS),
    );
  };
  arm();
  return () => clearTimeout(timer);
}

/** Calls `abort` when the signal fires (at once if it has); the returned function calls it off. */
export function onAbort(signal: AbortSignal, abort: () => void): () => void {
  if (signal.aborted) {
    abort();
    return () => undefined;
  }
  // One signal serves a whole run: many waits at once on it are no leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}

/** Settles as `promise` does, or rejects with TimedOutError or AbortedError. The work itself is not stopped. */
export function waitFor<T>(promise: PromiseLike<T>, wait: Wait, what: string): Promise<T> {
  // Made here so that its stack points at the caller, not at a timer.
  const timedOut = new TimedOutError([what]);
  const aborted = new AbortedError(what);
  return new Promise<T>((resolve, reject) => {
    const undo: (() => void)[] = [];
    const settle = (finish: () => void): void => {
      for (const step of undo.splice(0)) step();
      finish();
    };
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
    undo.push(armDeadline(wait.deadline, () => settle(() => reject(timedOut))));
    undo.push(
      onAbort(wait.signal, () => {
        aborted.cause = wait.signal.reason;
        settle(() => reject(aborted));
      }),
    );
    // An already aborted signal settled before its own undo step was on the list.
    if (wait.signal.aborted) for (const step of undo.splice(0)) step();
  });
}

/** Throws AbortedError if the signal has fired already. */
export function throwIfAborted(wait: Wait, what: string): void {
  if (wait.signal.aborted) throw new AbortedError(what, { cause: wait.signal.reason });
}

/** Resolves after `ms` milliseconds, or rejects with TimedOutError or AbortedError. */
export function sleep(ms: number, wait: Wait): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return waitFor(elapsed, wait, `${ms} ms to pass`).finally(() => clearTimeout(timer));
}
