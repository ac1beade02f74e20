// SPDX-License-Identifier: Apache-2.0
import { chooseWorkload } from '../config/choose.ts';
import type { TargetConfig, WorkloadConfig } from '../config/define-lab.ts';
import { type Manifest, workloadOf } from './manifest.ts';

/** A workload and what it is called. */
export interface Profile {
  readonly name: string;
  readonly workload: WorkloadConfig;
}

/** What a defect shows under: one of the target's workloads, or one of its own, named as it is. */
export function workloadOfDefect({ name, profile }: Manifest, target: TargetConfig): Profile {
  return profile.kind === 'named'
    ? { name: profile.name, workload: chooseWorkload(target, profile.name) }
    : { name, workload: workloadOf(profile, chooseWorkload(target, 'traffic-churn')) };
}
