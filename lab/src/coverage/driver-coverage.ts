// SPDX-License-Identifier: Apache-2.0
import type { ModuleSections } from '../run/module-sections.ts';
import type { DriverMap } from './driver-map.ts';
import { type Block, readExecutedCode } from './executed-code.ts';

/** How much of something was reached. */
export interface Reached {
  readonly reached: number;
  readonly all: number;
}

export interface FileCoverage extends Reached {
  readonly file: string;
  /** Lines with code that no run has reached. */
  readonly missing: readonly number[];
}

/** What some runs have reached of a driver. */
export interface CoverageReport {
  readonly lines: Reached;
  readonly functions: Reached;
  /** Ways on from conditional jumps: two each. What the compiler has added, as for KASAN, counts too. */
  readonly branches: Reached;
  readonly files: readonly FileCoverage[];
  /** Functions that no run has entered, with the place of their first line. */
  readonly missingFunctions: readonly { readonly name: string; readonly place: string | null }[];
}

/** What some runs have executed, to go on from: addresses as they are in the driver's map, in hexadecimal digits. */
export interface ExecutedState {
  /** Start and end of each block. */
  readonly blocks: readonly string[];
  /** From and to of each way on from a conditional jump. */
  readonly ways: readonly string[];
}

/** Adds up what runs execute of one driver. */
export class DriverCoverage {
  readonly #map: DriverMap;
  readonly #blocks = new Map<string, Block>();
  /** Ways on from conditional jumps: all, and those that were gone. */
  readonly #ways: ReadonlySet<string>;
  readonly #gone = new Set<string>();
  #bytes = 0n;

  constructor(map: DriverMap) {
    this.#map = map;
    this.#ways = new Set(
      map.jumps.flatMap(({ at, target, next }) => [wayOf(at, target), wayOf(at, next)]),
    );
  }

  /**
   * Takes what the plugin has written of a run, and where the module was in it. Whether the run is the first to have
   * executed some instruction, or to have gone on in some way from a conditional jump.
   */
  add(executed: string, loads: readonly ModuleSections[]): boolean {
    const { blocks, edges } = readExecutedCode(executed, loads, this.#map.sections);
    const before = [this.#bytes, this.#gone.size] as const;
    for (const block of blocks) this.#blocks.set(wayOf(block.start, block.end), block);
    for (const { last, next } of edges) {
      const way = wayOf(last, next);
      if (this.#ways.has(way)) this.#gone.add(way);
    }
    this.#bytes = new Intervals(this.#blocks.values()).size;
    return this.#bytes > before[0] || this.#gone.size > before[1];
  }

  /** Everything so far, for another one to go on from. */
  get state(): ExecutedState {
    const blocks = [...this.#blocks.values()].map(({ start, end }) => wayOf(start, end));
    return { blocks, ways: [...this.#gone] };
  }

  /** Takes what another one had come to. */
  take({ blocks, ways }: ExecutedState): void {
    for (const text of blocks) {
      const [start = '', end = ''] = text.split(' ');
      this.#blocks.set(text, { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) });
    }
    for (const way of ways) if (this.#ways.has(way)) this.#gone.add(way);
    this.#bytes = new Intervals(this.#blocks.values()).size;
  }

  /** Ways on from conditional jumps, two each. */
  get branches(): Reached {
    return { reached: this.#gone.size, all: this.#ways.size };
  }

  report(): CoverageReport {
    const executed = new Intervals(this.#blocks.values());
    const files = this.#files(executed);
    const sum = (of: (file: FileCoverage) => number) =>
      files.reduce((total, file) => total + of(file), 0);
    const { functions } = this.#map;
    const missing = functions.filter((one) => !executed.meets(one.start, one.start + 1n));
    return {
      lines: { reached: sum(({ reached }) => reached), all: sum(({ all }) => all) },
      functions: { reached: functions.length - missing.length, all: functions.length },
      branches: this.branches,
      files,
      missingFunctions: missing.map(({ name, start }) => ({ name, place: this.#placeOf(start) })),
    };
  }

  #files(executed: Intervals): readonly FileCoverage[] {
    const files = new Map<string, Map<number, boolean>>();
    for (const { start, end, file, line } of this.#map.lines) {
      const lines = files.get(file) ?? new Map<number, boolean>();
      lines.set(line, lines.get(line) === true || executed.meets(start, end));
      files.set(file, lines);
    }
    const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([file, lines]) => {
      const missing = [...lines].filter(([, reached]) => !reached).map(([line]) => line);
      missing.sort((a, b) => a - b);
      return { file, reached: lines.size - missing.length, all: lines.size, missing };
    });
  }

  #placeOf(address: bigint): string | null {
    const found = this.#map.lines.find(({ start, end }) => address >= start && address < end);
    return found === undefined ? null : `${found.file}:${found.line}`;
  }
}

function wayOf(from: bigint, to: bigint): string {
  return `${from.toString(16)} ${to.toString(16)}`;
}

/** Addresses, asked whether they are among some ranges. */
class Intervals {
  readonly #starts: readonly bigint[];
  readonly #ends: readonly bigint[];

  constructor(ranges: Iterable<Block>) {
    const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : 1));
    const starts: bigint[] = [];
    const ends: bigint[] = [];
    for (const { start, end } of sorted) {
      const last = ends.at(-1);
      if (last !== undefined && start <= last) {
        if (end > last) ends[ends.length - 1] = end;
      } else {
        starts.push(start);
        ends.push(end);
      }
    }
    this.#starts = starts;
    this.#ends = ends;
  }

  /** How many addresses there are. */
  get size(): bigint {
    return this.#starts.reduce((sum, start, at) => sum + (this.#ends[at] ?? start) - start, 0n);
  }

  /** Whether any address from `start` on, before `end`, is in a range. */
  meets(start: bigint, end: bigint): boolean {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0n) <= start) low = middle + 1;
      else high = middle;
    }
    const first = this.#starts[low];
    return first !== undefined && first < end;
  }
}
