// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../errors.ts';

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
