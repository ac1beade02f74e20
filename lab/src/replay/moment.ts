// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../errors.ts';
import type { MachineClock } from '../vm/simulated-machine.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';

/** A stretch of time, or a number of instructions. */
export type Span = { readonly ns: number } | { readonly instructions: number };

const units = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 } as const;

/** Reads `100us`, `2ms` or `10000insn`; UsageError names the option. */
export function parseSpan(option: string, text: string): Span {
  const [, digits, unit] = /^(\d+)(ns|us|ms|s|insn)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) {
    throw new UsageError('BAD_SPAN', `--${option}: '${text}' is no time`, {
      remedy: 'Give one as 100us, 2ms or 10000insn.',
    });
  }
  if (unit === 'insn') return { instructions: Number(digits) };
  return { ns: Number(digits) * units[unit as keyof typeof units] };
}

/** The place so long before another one. */
export function placeBefore({ instructions, virtualNs }: MachineClock, span: Span): StopPoint {
  return 'ns' in span
    ? { virtualNs: Math.max(1, virtualNs - span.ns) }
    : { instructions: Math.max(1, instructions - span.instructions) };
}
