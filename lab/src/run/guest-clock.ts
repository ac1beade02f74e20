// SPDX-License-Identifier: Apache-2.0

/** Tells the guest's time in nanoseconds since its boot; `undefined` when it is not known. */
export interface Clock {
  nowNs(at?: number): number | undefined;
}

/**
 * The guest's time between two readings of it. In live mode virtual time runs with the host's
 * clock, so one reading and the time since are enough.
 */
export class GuestClock implements Clock {
  #reading: { readonly uptimeMs: number; readonly at: number } | undefined;

  /** Takes over a reading of /proc/uptime, in milliseconds. */
  sync(uptimeMs: number, at = performance.now()): void {
    this.#reading = { uptimeMs, at };
  }

  /** Nanoseconds since the guest's boot; `undefined` before the first reading. */
  nowNs(at = performance.now()): number | undefined {
    return this.#reading === undefined
      ? undefined
      : (this.#reading.uptimeMs + (at - this.#reading.at)) * 1e6;
  }
}

/** Milliseconds of uptime from the text of /proc/uptime. */
export function parseUptime(text: string): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)\s/.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
