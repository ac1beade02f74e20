// SPDX-License-Identifier: Apache-2.0

import { indented, textTable } from '../text-table.ts';
import { type Both, comparedSubjects, type DriverBenchResult } from './driver-bench.ts';
import type { Burst, PacketCost } from './instruction-count.ts';
import type { Latency } from './interrupt-latency.ts';
import type { Direction, FrameBytes } from './speed.ts';
import {
  type SpeedCard,
  type SpeedTable,
  speedCards,
  speedTables,
  speedText,
} from './speed-report.ts';
import type { Spread } from './spread.ts';

/** A figure of both drivers; the ratio is Rust's to C's, null when C's is not above 0. */
export type Comparison = Both<number> & { readonly ratio: number | null };

export interface InstructionRow {
  readonly direction: Direction;
  readonly bytes: FrameBytes;
  /** Frames a doorbell. */
  readonly burst: Burst;
  /** Medians. */
  readonly instructions: Comparison;
  readonly spread: Both<Spread>;
  readonly interrupts: Comparison;
  /** False when one driver had clearly more interrupts a packet: then the cards' timing is compared, not the drivers. */
  readonly sameInterrupts: boolean;
}

/** Of the driver's own code, without the kernel's functions that it calls; 60 bytes. */
export interface OwnInstructionRow {
  readonly direction: Direction;
  readonly instructions: Comparison;
}

export interface LatencyRow {
  readonly direction: Direction;
  readonly to: 'handler' | 'poll';
  /** Virtual nanoseconds. */
  readonly median: Comparison;
  readonly p99: Comparison;
  /** How many interrupts were measured. */
  readonly interrupts: Both<number>;
}

/** Bytes. */
export interface BytesRow {
  readonly what: string;
  readonly bytes: Comparison;
}

export interface DriverReport {
  readonly rustInlineHelpers: boolean;
  readonly instructions: readonly InstructionRow[];
  readonly ownInstructions: readonly OwnInstructionRow[];
  readonly latency: readonly LatencyRow[];
  readonly memory: readonly BytesRow[];
  readonly size: readonly BytesRow[];
  readonly speed: {
    readonly drivers: readonly SpeedCard[];
    readonly tables: readonly SpeedTable[];
  };
}

/** Above this share, numbers of interrupts a packet are not the same. */
const interruptTolerance = 0.05;

/** Puts the figures of both drivers side by side. */
export function driverReport({
  rustInlineHelpers,
  figures,
  speed,
}: DriverBenchResult): DriverReport {
  const { rust, c } = figures;
  const order = comparedSubjects.map(({ name }) => name);
  const bytesRow = (what: string, a: number, b: number): BytesRow => ({
    what,
    bytes: comparison(a, b),
  });
  return {
    rustInlineHelpers,
    instructions: pairs(rust.costs, c.costs).map(instructionRow),
    ownInstructions: pairs(rust.ownCosts, c.ownCosts).map(
      ([a, b]): OwnInstructionRow => ({
        direction: a.direction,
        instructions: comparison(a.instructions, b.instructions),
      }),
    ),
    latency: pairs(rust.latencies, c.latencies).flatMap(([a, b]) =>
      (['handler', 'poll'] as const).map((to): LatencyRow => {
        const of = (latency: typeof a): Latency =>
          to === 'handler' ? latency.toHandler : latency.toPoll;
        return {
          direction: a.direction,
          to,
          median: comparison(of(a).median, of(b).median),
          p99: comparison(of(a).p99, of(b).p99),
          interrupts: { rust: a.interrupts, c: b.interrupts },
        };
      }),
    ),
    memory: [
      bytesRow('module', rust.memory.module, c.memory.module),
      bytesRow('card bound', rust.memory.bound, c.memory.bound),
      bytesRow('interface up', rust.memory.up, c.memory.up),
      bytesRow('left after unbinding', rust.memory.left, c.memory.left),
    ],
    size: [
      bytesRow('text', rust.size.text, c.size.text),
      bytesRow('read-only data', rust.size.readOnlyData, c.size.readOnlyData),
      bytesRow('data', rust.size.data, c.size.data),
    ],
    speed: {
      drivers: speedCards(speed, order),
      tables: speedTables(speed, order, (name) => name === 'ferronic-c'),
    },
  };
}

/** The report as a terminal shows it. */
export function driverText(report: DriverReport): string {
  const { instructions, ownInstructions, latency, memory, size, speed } = report;
  const helpers = `CONFIG_RUST_INLINE_HELPERS is ${report.rustInlineHelpers ? 'on' : 'off'}\n`;
  const doubtful = instructions.some((row) => !row.sameInterrupts)
    ? '  * not the same number of interrupts, so not the same work\n'
    : '';
  return [
    helpers,
    numbers(
      ['instructions a packet', 'a doorbell', 'rust', 'c', 'ratio', 'interrupts rust', 'c'],
      instructions.map(({ direction, bytes, burst, ...row }) => [
        `${direction}, ${bytes} bytes`,
        String(burst),
        ...compared(row.instructions, 0),
        `${row.interrupts.rust.toFixed(3)}${row.sameInterrupts ? '' : ' *'}`,
        row.interrupts.c.toFixed(3),
      ]),
    ) + doubtful,
    numbers(
      ["the driver's own of these", 'rust', 'c', 'ratio'],
      ownInstructions.map(({ direction, ...row }) => [
        `${direction}, 60 bytes, one a doorbell`,
        ...compared(row.instructions, 1),
      ]),
    ),
    numbers(
      ['virtual ns from interrupt to', 'median rust', 'c', 'ratio', 'p99 rust', 'c', 'ratio'],
      latency.map(({ direction, to, median, p99 }) => [
        `${to}, ${direction}`,
        ...compared(median, 0),
        ...compared(p99, 0),
      ]),
    ),
    bytesTable('memory, bytes', memory),
    bytesTable('sections of the module, bytes', size),
    speedText(speed.drivers, speed.tables).trimStart().replace(/^/, '  '),
  ].join('\n');
}

function bytesTable(heading: string, rows: readonly BytesRow[]): string {
  return numbers(
    [heading, 'rust', 'c', 'ratio'],
    rows.map(({ what, bytes }) => [what, ...compared(bytes, 0)]),
  );
}

function numbers(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return indented(textTable(heading, rows, 'right'));
}

function instructionRow([rust, c]: readonly [PacketCost, PacketCost]): InstructionRow {
  const interrupts = comparison(rust.interrupts, c.interrupts);
  const larger = Math.max(rust.interrupts, c.interrupts);
  const difference = Math.abs(rust.interrupts - c.interrupts);
  return {
    direction: rust.direction,
    bytes: rust.bytes,
    burst: rust.burst,
    instructions: comparison(rust.instructions.median, c.instructions.median),
    spread: { rust: rust.instructions, c: c.instructions },
    interrupts,
    sameInterrupts: difference <= larger * interruptTolerance,
  };
}

function comparison(rust: number, c: number): Comparison {
  return { rust, c, ratio: c > 0 ? rust / c : null };
}

function compared({ rust, c, ratio }: Comparison, digits: number): string[] {
  return [rust.toFixed(digits), c.toFixed(digits), ratio === null ? '' : ratio.toFixed(3)];
}

/** Both drivers were measured by the same lists of loads. */
function pairs<T>(rust: readonly T[], c: readonly T[]): readonly (readonly [T, T])[] {
  return rust.flatMap((one, index) => {
    const other = c[index];
    return other === undefined ? [] : [[one, other] as const];
  });
}
