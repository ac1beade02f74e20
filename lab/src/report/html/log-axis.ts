// SPDX-License-Identifier: Apache-2.0

/** A marked time. */
export interface LogTick {
  readonly hours: number;
  readonly name: string;
}

/** Places on a logarithmic axis of hours. */
export interface LogAxis {
  readonly at: (hours: number) => number;
  readonly ticks: readonly LogTick[];
}

/** Times that a reader knows, in seconds. */
const known: readonly (readonly [seconds: number, name: string])[] = [
  [0.001, '1 ms'],
  [0.01, '10 ms'],
  [0.1, '100 ms'],
  [1, '1 s'],
  [3, '3 s'],
  [10, '10 s'],
  [30, '30 s'],
  [60, '1 min'],
  [180, '3 min'],
  [600, '10 min'],
  [1_800, '30 min'],
  [3_600, '1 h'],
  [10_800, '3 h'],
  [36_000, '10 h'],
  [108_000, '30 h'],
  [360_000, '100 h'],
  [1_080_000, '300 h'],
];
/** Hours beyond them go on in powers of ten. */
const mostPower = 12;
const mostTicks = 9;

/** An axis with room for these hours, from one place to another. */
export function logAxis(hours: readonly number[], left: number, right: number): LogAxis {
  const finite = hours.filter((value) => value > 0 && Number.isFinite(value));
  const low = finite.length === 0 ? 0.1 : Math.min(...finite) / 1.6;
  const high = Math.max(finite.length === 0 ? 10 : Math.max(...finite) * 1.6, low * 12);
  const span = Math.log(high) - Math.log(low);
  const at = (value: number): number =>
    left + ((right - left) * (Math.log(value) - Math.log(low))) / span;
  const inside = allTicks().filter((tick) => tick.hours >= low && tick.hours <= high);
  const each = Math.ceil(inside.length / mostTicks);
  return { at, ticks: inside.filter((_, index) => index % each === 0) };
}

function allTicks(): readonly LogTick[] {
  const ticks = known.map(([seconds, name]) => ({ hours: seconds / 3_600, name }));
  for (let power = 3; power <= mostPower; power += 1) {
    ticks.push({ hours: 10 ** power, name: `${(10 ** power).toLocaleString('en')} h` });
  }
  return ticks;
}
