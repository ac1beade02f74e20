// SPDX-License-Identifier: Apache-2.0

/**
 * Which vCPU has the next turn, and how long it is; QEMU's `qapi/qom.json` (VcpuSchedulerPolicy) says what the policies
 * do. Positions and lengths are instructions executed by all vCPUs since the scheduler started.
 */
export type VcpuPolicy =
  | { readonly policy: 'fair' }
  | {
      readonly policy: 'random';
      readonly sliceMax: number;
      /** Turns are drawn from here on; before, they are fair. */
      readonly from?: number;
      readonly until?: number;
    }
  | { readonly policy: 'pct'; readonly depth: number; readonly horizon: number }
  /** `file` of the run folder has a turn a line: its position and the index of the vCPU. `sliceMax` is of those between. */
  | { readonly policy: 'list'; readonly file: string; readonly sliceMax?: number };

/** A place in a run: the first of them that is reached. */
export interface StopPoint {
  readonly instructions?: number;
  readonly virtualNs?: number;
}

export interface VcpuSchedulerSpec {
  readonly policy: VcpuPolicy;
  readonly seed: bigint;
  /** Interrupts are seen up to so many instructions late. */
  readonly irqDelayMax?: number;
  /** File of the run folder that gets the turns as a list has them. */
  readonly record?: string;
}

/** Files of the run folder, as QEMU sees it. */
export type InRunFolder = (file: string) => string;

/** What the scheduler says of a run when QEMU has ended. */
export interface ScheduleReport {
  /** Executed since the machine, or the saved one, went on. */
  readonly instructions: number;
  readonly virtualNs: number;
  readonly switches: number;
  /** Hash of all switches: equal for equal interleavings. */
  readonly schedule: string;
}

/** Name of the file in the run folder with the ScheduleReport. */
export const scheduleReportFile = 'schedule.json';

/** Its id among QEMU's objects. */
export const schedulerId = 'vcpus';

/** QEMU's `-object`; with `restart` a saved machine goes on with this schedule, not the one it was saved with. */
export function schedulerObject(
  spec: VcpuSchedulerSpec,
  { restart, inRunFolder }: { readonly restart: boolean; readonly inRunFolder: InRunFolder },
): string {
  const { policy, seed, irqDelayMax, record } = spec;
  const properties: Readonly<Record<string, string | number | bigint | undefined>> = {
    policy: policy.policy,
    seed,
    ...policyProperties(policy, inRunFolder),
    'irq-delay-max': irqDelayMax,
    restart: restart ? 'on' : undefined,
    record: record === undefined ? undefined : inRunFolder(record),
    report: inRunFolder(scheduleReportFile),
  };
  const list = Object.entries(properties).filter(([, value]) => value !== undefined);
  return [
    `vcpu-scheduler,id=${schedulerId}`,
    ...list.map(([name, value]) => `${name}=${value}`),
  ].join(',');
}

function policyProperties(
  policy: VcpuPolicy,
  inRunFolder: InRunFolder,
): Readonly<Record<string, string | number | undefined>> {
  switch (policy.policy) {
    case 'fair':
      return {};
    case 'random':
      return { 'slice-max': policy.sliceMax, from: policy.from, until: policy.until };
    case 'pct':
      return { depth: policy.depth, horizon: policy.horizon };
    case 'list':
      return { 'slice-max': policy.sliceMax, turns: inRunFolder(policy.file) };
  }
}
