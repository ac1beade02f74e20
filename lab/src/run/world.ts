// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { KernelFlavour } from '../artifacts/recipes/kernel.ts';
import type { EndCheckName } from '../config/step-names.ts';
import type { FaultPlan } from '../faults/fault.ts';
import type { VcpuPolicy } from '../vm/vcpu-scheduler.ts';
import { canonicalJson } from './canonical-json.ts';
import type { PlannedStandingFault } from './standing-faults.ts';
import type { PlannedStep } from './workloads/planned-step.ts';

/** Everything that decides what happens in a run. */
export interface World {
  readonly version: 1;
  /** Content hashes (`sha256:…`) of what the machine is made of. */
  readonly artifacts: {
    readonly qemu: string;
    readonly kernel: string;
    readonly initramfs: string;
    readonly driver: string;
  };
  readonly machine: {
    readonly cpus: number;
    readonly memoryMiB: number;
    readonly mode: 'live';
    readonly accel: 'kvm' | 'tcg';
    readonly kernel: KernelFlavour;
  };
  /** Name of the target in `lab.config.ts`. */
  readonly target: string;
  /** Module name, and the defect built into it. */
  readonly driver: { readonly name: string; readonly defect: string | null };
  readonly workload: { readonly name: string; readonly params: WorkloadParams };
  readonly plan: FaultPlan;
  readonly seed: number;
}

/** What the workload does apart from the faults. */
export interface WorkloadParams {
  /** The churn ends after this many milliseconds, or after the last round. */
  readonly churnMs: number;
  readonly payloadBytes: number;
  readonly rounds: readonly RoundParams[];
  /** What is asked of the guest after the last round. */
  readonly atEnd: readonly EndCheckName[];
  /** Faults of the devices that stand from the first round on. */
  readonly deviceFaults?: readonly PlannedStandingFault[];
}

export interface RoundParams {
  readonly steps: readonly PlannedStep[];
}

/** Which vCPU of a simulated machine runs when; a list of turns is part of the world. */
export type Schedule = (
  | Exclude<VcpuPolicy, { policy: 'list' }>
  | {
      readonly policy: 'list';
      readonly turns: readonly (readonly [at: number, cpu: number])[];
      /** Of turns that are not listed. */
      readonly sliceMax?: number;
    }
) & { readonly irqDelayMax?: number };

/** A world in which nothing happens that it does not decide: its run is the same every time. */
export interface SimWorld extends Omit<World, 'machine'> {
  readonly machine: {
    readonly cpus: number;
    readonly memoryMiB: number;
    readonly mode: 'sim';
    readonly kernel: KernelFlavour;
  };
  readonly schedule: Schedule;
}

/** Identity of a world: equal worlds have equal ids. */
export function worldId(world: World | SimWorld): string {
  return `sha256:${createHash('sha256').update(canonicalJson(world)).digest('hex')}`;
}
