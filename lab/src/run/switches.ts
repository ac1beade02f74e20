// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

/** A turn that was taken from a vCPU that would have gone on. */
export interface Switch {
  /** Instructions of all vCPUs before it. */
  readonly at: number;
  /** The vCPU that runs from now on. */
  readonly cpu: number;
  /** Address of the instruction that the other one would have executed next, hexadecimal. */
  readonly next: string;
}

/** Reads what the vcpu-scheduler has recorded: qapi/qom.json, VcpuSchedulerProperties. */
export async function readSwitches(path: string): Promise<readonly Switch[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [at, cpu, next] = line.split(' ');
    return at === undefined || cpu === undefined || next === undefined
      ? []
      : [{ at: Number(at), cpu: Number(cpu), next }];
  });
}
