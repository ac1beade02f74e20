// SPDX-License-Identifier: Apache-2.0

/** Places on a logarithmic axis of hours. */
export interface LogAxis {
  readonly at: (hours: number) => number;
  /** Marked times, in hours. */
  readonly ticks: readonly number[];
}

/** Times that a reader knows, in seconds; hours beyond the last go on in powers of ten. */
const knownSeconds = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3_600, 36_000, 360_000];
const mostPower = 12;

/** An axis with room for these hours, from one place to another. */
export function logAxis(hours: readonly number[], left: number, right: number): LogAxis {
  const known = hours.filter((value) => value > 0 && Number.isFinite(value));
  const low = known.length === 0 ? 0.1 : Math.min(...known) / 1.6;
  const high = Math.max(known.length === 0 ? 10 : Math.max(...known) * 1.6, low * 12);
  const span = Math.log(high) - Math.log(low);
  const at = (value: number): number =>
    left + ((right - left) * (Math.log(value) - Math.log(low))) / span;
  return { at, ticks: allTicks().filter((tick) => tick >= low && tick <= high) };
}

function allTicks(): readonly number[] {
  const hoursOf = knownSeconds.map((seconds) => seconds / 3_600);
  for (let power = 3; power <= mostPower; power += 1) hoursOf.push(10 ** power);
  return hoursOf;
}
