// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import type { Accelerator } from '../vm/machine-spec.ts';
import type { BenchParts } from './bench-parts.ts';
import { countInstructions, type PacketCost } from './instruction-count.ts';
import { type InterruptLatency, measureLatency } from './interrupt-latency.ts';
import { type MemoryUse, measureMemory } from './memory-use.ts';
import { type ModuleSize, measureModule } from './module-size.ts';
import { countOwnInstructions, type OwnCost } from './own-instructions.ts';
import { measureSpeed, type SpeedProgress, type SpeedResult } from './speed.ts';
import { type Subject, subjects } from './subjects.ts';

/** The two that are compared. */
export const comparedDrivers = ['rust', 'c'] as const satisfies readonly OwnDriver[];
export type Both<T> = Readonly<Record<(typeof comparedDrivers)[number], T>>;

export const comparedSubjects: readonly Subject[] = subjects.filter(({ own }) => own !== undefined);

/** How much is measured. */
export interface DriverBenchRequest {
  readonly accel: Accelerator;
  readonly rounds: number;
  readonly seconds: number;
  /** Packets in each count. */
  readonly packets: number;
}

/** What is measured of each driver but the speed, in which they take turns. */
export interface DriverFigures {
  readonly costs: readonly PacketCost[];
  readonly ownCosts: readonly OwnCost[];
  readonly latencies: readonly InterruptLatency[];
  readonly memory: MemoryUse;
  readonly size: ModuleSize;
}

export interface DriverBenchResult {
  /** Whether CONFIG_RUST_INLINE_HELPERS is on in the kernel. */
  readonly rustInlineHelpers: boolean;
  readonly figures: Both<DriverFigures>;
  readonly speed: SpeedResult;
}

/** Told what comes next, and of each measurement of speed. */
export interface DriverBenchProgress {
  step(text: string): void;
  readonly speed: SpeedProgress;
}

/** Measures both drivers in one run. */
export async function benchDrivers(
  request: DriverBenchRequest,
  parts: BenchParts,
  progress: DriverBenchProgress,
  signal: AbortSignal,
): Promise<DriverBenchResult> {
  const rustInlineHelpers = hasOption(
    await readFile(parts.kernelConfig, 'utf8'),
    'CONFIG_RUST_INLINE_HELPERS',
  );
  const measure = async (own: OwnDriver): Promise<DriverFigures> => {
    progress.step(`driver ${own}: instructions a packet`);
    const costs = await countInstructions(own, request.packets, parts, signal);
    progress.step(`driver ${own}: own instructions a packet`);
    const ownCosts = await countOwnInstructions(own, parts, signal);
    progress.step(`driver ${own}: interrupts`);
    const latencies = await measureLatency(own, parts, signal);
    progress.step(`driver ${own}: memory`);
    const memory = await measureMemory(own, parts, signal);
    const module = parts.drivers.get(own);
    if (module === undefined) throw new Error(`driver ${own} was not built`);
    return { costs, ownCosts, latencies, memory, size: await measureModule(module, parts, signal) };
  };
  const figures = { rust: await measure('rust'), c: await measure('c') };
  progress.step('packets/s');
  const speedRequest = { ...request, subjects: comparedSubjects, threads: 1 };
  const speed = await measureSpeed(speedRequest, parts, progress.speed, signal);
  return { rustInlineHelpers, figures, speed };
}

/** Whether a kernel's configuration has an option built in. */
export function hasOption(config: string, option: string): boolean {
  return config.split('\n').includes(`${option}=y`);
}
