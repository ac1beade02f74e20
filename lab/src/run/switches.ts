// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { LabFailure } from '../errors.ts';
import type { Schedule } from './world.ts';

/** A turn that no vCPU gave way for, or for another one than that which has it. */
export interface Switch {
  /** Instructions of all vCPUs before it. */
  readonly at: number;
  /** The vCPU that runs from now on. */
  readonly cpu: number;
  /** Address of the instruction that the other one would have executed next, hexadecimal; of nobody's, 0. */
  readonly next: string;
}

/** Reads what the vcpu-scheduler has recorded: qapi/qom.json, VcpuSchedulerProperties. */
export async function readSwitches(path: string): Promise<readonly Switch[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LabFailure('NO_SWITCHES', `QEMU has recorded no turns: ${path}`, {
      remedy: 'The verdict of the run says what became of it.',
      cause,
    });
  });
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    const [at, cpu, next] = line.split(' ');
    return at === undefined || cpu === undefined || next === undefined
      ? []
      : [{ at: Number(at), cpu: Number(cpu), next }];
  });
}

/** QEMU's default: qapi/qom.json, VcpuSchedulerProperties. */
const defaultSliceMax = 100_000;
const mostSliceMax = 2 ** 31 - 1;

/**
 * The schedule that has these switches. With all that a run with `schedule` has recorded it is the same schedule: between
 * them no vCPU waits so long that the policy would take the turn from another one by itself.
 */
export function listed(schedule: Schedule, switches: readonly Switch[]): Schedule {
  const turns = switches.map(({ at, cpu }) => [at, cpu] as const);
  const sliceMax = listedSliceMax(schedule);
  const { irqDelayMax } = schedule;
  return {
    policy: 'list',
    turns,
    ...(sliceMax === undefined ? {} : { sliceMax }),
    ...(irqDelayMax === undefined ? {} : { irqDelayMax }),
  };
}

/** Turns are taken from a vCPU after half of it at the earliest; `undefined` for the default. */
function listedSliceMax(schedule: Schedule): number | undefined {
  switch (schedule.policy) {
    case 'fair':
      return undefined;
    case 'list':
      return schedule.sliceMax;
    case 'pct':
      return 2 * defaultSliceMax;
    case 'random':
      return 2 * schedule.sliceMax > defaultSliceMax
        ? Math.min(2 * schedule.sliceMax, mostSliceMax)
        : undefined;
  }
}
