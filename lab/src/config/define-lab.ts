// SPDX-License-Identifier: Apache-2.0
import type { StandingFault } from './device-faults.ts';
import type { FaultType } from './fault-types.ts';
import type { EndCheckName, StepName } from './step-names.ts';

/** The emulated device a target runs on. */
export interface DeviceConfig {
  /** QEMU's device type: the word after `-device`. */
  readonly model: string;
  /** PCI identity, lower-case hex without `0x`, as lspci prints it: `1234:fe01`. */
  readonly pciId: string;
  /** Number of MSI-X vectors that storms may be aimed at. */
  readonly vectors: number;
}

/** A module that can drive the device. */
export interface DriverConfig {
  /** Name of the module and of the PCI driver it registers. */
  readonly module: string;
  readonly language: 'rust' | 'c';
  /** Where its source lies, relative to the repository; `null` for a driver of the kernel's own tree. */
  readonly source: string | null;
  /** Folder of its defect catalogue, relative to the repository; `null` when it has none. */
  readonly defects: string | null;
}

/** How hard a workload drives the driver; durations in milliseconds. */
export interface WorkloadConfig {
  /** Length of the churn in one cycle. */
  readonly churnMs: number;
  /** Most rounds in one cycle. */
  readonly rounds: number;
  /** Shortest and longest stretch of traffic in a round. */
  readonly trafficMs: readonly [shortest: number, longest: number];
  /** Payload of a ping in bytes. */
  readonly payloadBytes: number;
  /** What a round consists of, in order, each at most once: `reloadRound` unless told. */
  readonly steps?: readonly StepName[];
  /** What is asked of the guest when the rounds are over: nothing unless told. */
  readonly atEnd?: readonly EndCheckName[];
  /** Which of the target's faults come with it: `usualFaultTypes` unless told. */
  readonly faults?: readonly FaultType[];
  /** Faults of the device that stand all the time: none unless told. */
  readonly deviceFaults?: readonly StandingFault[];
}

/** One device with the drivers, workloads and faults it is tested with. */
export interface TargetConfig {
  readonly device: DeviceConfig;
  /** By the word given to `--driver`. */
  readonly drivers: Readonly<Record<string, DriverConfig>>;
  readonly workloads: Readonly<Record<string, WorkloadConfig>>;
  /** Workloads that take turns on a driver of which nothing is known, the most telling first: all unless told. */
  readonly search?: readonly string[];
  readonly faults: readonly FaultType[];
}

/** The lab as `lab.config.ts` describes it. */
export interface LabConfig {
  readonly targets: Readonly<Record<string, TargetConfig>>;
}

/** Checks a description of the lab at compile time and returns it as it is. */
export function defineLab<const T extends LabConfig>(lab: T): T {
  return lab;
}
