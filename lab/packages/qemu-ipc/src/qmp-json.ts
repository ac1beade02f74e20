// SPDX-License-Identifier: Apache-2.0

import { parse, stringify } from 'lossless-json';

/** Parses JSON; integers a number cannot hold exactly become bigints. Throws SyntaxError. */
export function parseQmpJson(text: string): unknown {
  return parse(text, undefined, parseExactly);
}

/** JSON on one line; bigints are written in full. Throws RangeError for a number that would not arrive as it is. */
export function stringifyQmpJson(value: unknown): string {
  const text = stringify(value, refuseInexact);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}

function parseExactly(literal: string): number | bigint {
  const value = Number(literal);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(literal) ? value : BigInt(literal);
}

function refuseInexact(key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) throw new RangeError(`${key}: ${value} has no JSON form`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`${key}: ${value} is beyond 2^53 and may be inexact; pass a bigint`);
  }
  return value;
}
