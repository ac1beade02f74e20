// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { maxSeed } from '../faults/seeded-random.ts';

const mostMinutes = 60 * 24 * 30;

/** `value` if it is one of `known`; UsageError that lists them when it is not. */
export function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new UsageError('UNKNOWN_CHOICE', `unknown ${option} '${value}'`, {
    remedy: `Choose from: ${known.join(', ')}.`,
  });
}

/** A whole number of at least 1; UsageError when it is none. */
export function positiveInteger(option: string, value: string, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= most) return number;
  throw new UsageError('BAD_NUMBER', `--${option} ${value} is not a whole number`, {
    remedy: `Give a number from 1 to ${most}.`,
  });
}

/** A number of minutes above 0, fractions allowed. */
export function minutesOf(text: string): number {
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (minutes > 0 && minutes <= mostMinutes) return minutes;
  throw new UsageError('BAD_NUMBER', `--minutes ${text} is not a number of minutes`, {
    remedy: `Give a number above 0, at most ${mostMinutes}.`,
  });
}

/** A number of hours above 0, fractions allowed. */
export function hoursOf(text: string): number {
  const hours = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (hours > 0 && hours <= mostMinutes / 60) return hours;
  throw new UsageError('BAD_NUMBER', `--hours ${text} is not a number of hours`, {
    remedy: `Give a number above 0, at most ${mostMinutes / 60}.`,
  });
}

/** The next time the clock on the wall shows `text` (`06:00`), after `now`. */
export function nextTime(text: string, now: Date): Date {
  const [, hour = '', minute = ''] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  if (hour === '' || Number(hour) > 23 || Number(minute) > 59) {
    throw new UsageError('BAD_TIME', `--until ${text} is not a time of the day`, {
      remedy: 'Give hours and minutes, as 06:00.',
    });
  }
  const then = new Date(now);
  then.setHours(Number(hour), Number(minute), 0, 0);
  if (then <= now) then.setDate(then.getDate() + 1);
  return then;
}

/** A seed of the lab's random numbers. */
export function seedOf(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : -1;
  if (seed >= 0 && seed <= maxSeed) return seed;
  throw new UsageError('BAD_NUMBER', `--seed ${text} is not a seed`, {
    remedy: `Give a whole number from 0 to ${maxSeed}.`,
  });
}

/** A file that can be written when the work is done; UsageError before it is begun. */
export function outputFile(option: string, path: string): string {
  const folder = dirname(resolve(path));
  if (existsSync(folder)) return path;
  throw new UsageError('NO_FOLDER', `--${option}: there is no folder ${folder}`, {
    remedy: 'Make it, or name a file in another one.',
  });
}
