// SPDX-License-Identifier: Apache-2.0
import type { MachineClock } from '../vm/simulated-machine.ts';
import type { KernelSymbols } from './kernel-symbols.ts';

/** Functions of the kernel that begin a report, and nothing else: below them is where the mistake was noticed. */
const reporters = [
  // Of KASAN and WARN(), before they print; kasan_report() is called for what is suppressed too, millions of times.
  'disable_trace_on_warning',
  'ubsan_prologue',
  // BUG() and WARN(): arch/x86/kernel/traps.c, handle_bug().
  'report_bug',
  'page_fault_oops',
  'oops_begin',
  'debug_locks_off',
  '__schedule_bug',
  'vpanic',
] as const;

/** What the plugin is told to look for: an address a line. */
export function reporterAddresses(symbols: KernelSymbols): string {
  const found = reporters.flatMap((name) => symbols.get(name) ?? []);
  return `${found.join('\n')}\n`;
}

/** A function that was entered, as the plugin writes it down (qemu-device/plugins/driver_calls.c). */
export interface Call extends MachineClock {
  readonly cpu: number;
  /** Hexadecimal, without 0x. */
  readonly address: string;
}

/** Reads the calls among other lines. */
export function readCalls(text: string): readonly Call[] {
  return [...text.matchAll(/^call (\d+) (\d+) (\d+) ([0-9a-f]+)$/gm)].map(
    ([, instructions, ns, cpu, address = '']) => ({
      instructions: Number(instructions),
      virtualNs: Number(ns),
      cpu: Number(cpu),
      address,
    }),
  );
}

/** Where a report began: the first call of one of its functions. `undefined` when no report did. */
export function crashPlace(calls: string): Call | undefined {
  return readCalls(calls)[0];
}
