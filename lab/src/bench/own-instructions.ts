// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { LabFailure } from '../errors.ts';
import type { BenchParts } from './bench-parts.ts';
import { driverArchives, threeCards, threeCardsScript } from './driver-machine.ts';
import { shift } from './instruction-count.ts';
import { simulate } from './simulation.ts';
import { type Direction, directions } from './speed.ts';

/** Where the kernel puts modules on x86-64; the driver is the only one in the guest. */
const modules = { start: '0xffffffffa0000000', size: '0x5f000000' } as const;
const bytes = 60;
const packets = 400;

/**
 * Instructions of the driver's own code for one packet that has a doorbell of its own: not those of the kernel's
 * functions that it calls.
 */
export interface OwnCost {
  readonly direction: Direction;
  readonly instructions: number;
}

/** Counts them one by one, and takes off what the driver does without any packet. */
export async function countOwnInstructions(
  own: OwnDriver,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<readonly OwnCost[]> {
  const count = async (what: string, script: string): Promise<number> => {
    const simulation = {
      doing: `counting the own instructions of driver ${own}, ${what}`,
      ...{ cpus: 1, shift, seed: 1, nics: threeCards, logExecution: modules },
      archives: driverArchives(parts, own),
      script: `${threeCardsScript(own)}${script}\nsleep 0.1\n`,
    };
    return executed((await simulate(simulation, parts, signal)).trace);
  };
  const idle = await count('idle', '');
  const costs: OwnCost[] = [];
  for (const direction of directions) {
    const all = await count(direction, sendScript(direction));
    if (all <= idle) throw nothingExecuted(direction);
    costs.push({ direction, instructions: (all - idle) / packets });
  }
  return costs;
}

function sendScript(direction: Direction): string {
  const sender =
    direction === 'sent'
      ? `prepare_sender $sender ${bytes} $sink_mac 1 1`
      : `prepare_sender $partner ${bytes} $receiver_mac 1 1`;
  return `${sender}\nsend ${packets}`;
}

/** Instructions in QEMU's log. */
export function executed(log: string): number {
  let count = 0;
  for (let at = log.indexOf('Trace '); at >= 0; at = log.indexOf('\nTrace ', at + 1)) count += 1;
  return count;
}

function nothingExecuted(direction: Direction): LabFailure {
  return new LabFailure('BENCH_OUTPUT', `no packet that was ${direction} has cost an instruction`, {
    remedy: 'The kernel may have put the module elsewhere: see lab/src/bench/own-instructions.ts.',
  });
}
