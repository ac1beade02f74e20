// SPDX-License-Identifier: Apache-2.0
import type { StandingFault } from './device-faults.ts';
import type { FaultType } from './fault-types.ts';
import type { EndCheckName, Leaving, StepName } from './step-names.ts';
import type { TrafficProfile } from './traffic-profiles.ts';

/** The emulated device a target runs on. */
export interface DeviceConfig {
  /** QEMU's device type: the word after `-device`. Only `ferronic` can be told to misbehave. */
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
  /** Where its source lies, absolute or relative to the repository; `null` for a driver that is built into the kernel. */
  readonly source: string | null;
  /** Folder of its defect catalogue, relative to the repository; `null` when it has none. */
  readonly defects: string | null;
  /** What it shows to user space beside its interface: none unless told. */
  readonly files?: DriverFiles;
  /** What of ethtool it does not have, so that nobody asks for it; that it has all else is tested. */
  readonly lacks?: readonly EthtoolFeature[];
}

/** Number of channels (`-l`), receive-side scaling (`-x`), coalescing of transmit interrupts (`-C tx-usecs`). */
export type EthtoolFeature = 'channels' | 'rss' | 'tx-usecs';

/** What the steps of a workload have to know of a driver. */
export type DriverTraits = Pick<DriverConfig, 'files' | 'lacks'>;

/** Files of a driver, as patterns of the shell. */
export interface DriverFiles {
  /** In /proc, `{device}` being a device's address on the PCI bus: `/proc/driver/nic/{device}/*`. */
  readonly proc?: string;
  /** Character devices: `/dev/nic*`. */
  readonly char?: string;
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
  /** What passes in a stretch of traffic, one of these: `ping` unless told. */
  readonly traffic?: readonly [TrafficProfile, ...TrafficProfile[]];
  /** How the driver leaves its devices in `unload`, one of these, those named twice twice as often: all unless told. */
  readonly leave?: readonly [Leaving, ...Leaving[]];
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
  /** Sets of faults by name, beside `usual`, which gives each workload its own; none unless told. */
  readonly profiles?: Readonly<Record<string, readonly FaultType[]>>;
}

/** What a campaign tests; each combination of kernel and mode is a cell of its own. */
export interface SubjectConfig {
  readonly target: string;
  /** Word of the target's `drivers`. */
  readonly driver: string;
  /** Of the driver's catalogue: none unless told. */
  readonly defect?: string;
  /** `debug` unless told. */
  readonly kernels?: readonly ('fast' | 'debug')[];
  /** They take turns: the target's `search` unless told. */
  readonly workloads?: readonly string[];
  /** `usual`, or one of the target's `profiles`. */
  readonly profile?: string;
  /** Weights of simulated and live runs among all of the campaign: 1 and 1 unless told. */
  readonly sim?: number;
  readonly live?: number;
}

/** A known defect that a campaign must catch, so that finding nothing means something. */
export interface CanaryConfig {
  readonly target: string;
  readonly driver: string;
  readonly defect: string;
  readonly kernel?: 'fast' | 'debug';
  readonly workload?: string;
  readonly mode?: 'sim' | 'live';
}

/** What is tested night after night: `lab soak --campaign NAME`. */
export interface CampaignConfig {
  /** Wall time, unless the command line says another. */
  readonly hours: number;
  readonly subjects: readonly SubjectConfig[];
  readonly canary?: CanaryConfig;
  /** Runs at the same time, counted in processors: as many as the machine has unless told. */
  readonly processors?: number;
  /** Most disk space for the runs of the campaign, in GiB: 20 unless told. */
  readonly diskGiB?: number;
  /** MTBF in virtual hours to be shown, and one that is not good enough: the sequential test tells them apart. */
  readonly goal?: { readonly mtbfHours: number; readonly insteadOfHours: number };
  /** Command that gets each new crash and the end of the campaign as one line of JSON on its stdin. */
  readonly notify?: readonly [string, ...string[]];
}

/** The lab as `lab.config.ts` describes it. */
export interface LabConfig {
  readonly targets: Readonly<Record<string, TargetConfig>>;
  readonly campaigns?: Readonly<Record<string, CampaignConfig>>;
}

/** Checks a description of the lab at compile time and returns it as it is. */
export function defineLab<const T extends LabConfig>(lab: T): T {
  return lab;
}
