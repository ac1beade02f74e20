// SPDX-License-Identifier: Apache-2.0

import type { VcpuSchedulerSpec } from './vcpu-scheduler.ts';

export type Accelerator = 'kvm' | 'tcg';

/** Where QEMU and the libraries it was built against lie on this host. */
export interface QemuTree {
  /** A Debian tree; it becomes the root directory that QEMU sees. */
  readonly toolchainRoot: string;
  /** Holds `bin/qemu-system-x86_64` and, in `share/qemu/`, firmware that is not in the toolchain. */
  readonly dir: string;
}

/** What is at the other end of a card's cable. */
export type NicBackend =
  /** NICs with the same hub number see each other's frames; nothing else does. */
  | { readonly kind: 'hub'; readonly hub: number }
  /** Takes every frame at once and sends none. */
  | { readonly kind: 'sink' }
  /**
   * A program on the host that listens on the Unix socket of this name in the run folder. Frames go both ways,
   * each after its length (32 bits, big-endian).
   */
  | { readonly kind: 'stream'; readonly socket: string }
  /** The same with the card as the one that listens, for another machine or a program. */
  | { readonly kind: 'listen'; readonly socket: string };

/** A cable from a hub to whoever listens on a Unix socket: a path in the run folder. */
export interface Cable {
  readonly hub: number;
  readonly socket: string;
}

export interface NicSpec {
  /** Device id: the card's QOM path is `/machine/peripheral/<id>`. */
  readonly id: string;
  /** QEMU's name of the device type, `ferronic` for ours. */
  readonly model: string;
  readonly mac: string;
  readonly backend: NicBackend;
  /** File of the run folder for what the device has to say: rules its driver broke, faults it made. */
  readonly log?: string;
  /** File of the run folder with the faults that the device begins with. */
  readonly faultPlan?: string;
  /** How long a queue that was told to stop goes on, in nanoseconds; of `ferronic` only. */
  readonly stopDelayNs?: number;
  /** How much later a busy transmit queue may say what it has sent, in nanoseconds; of `ferronic` only. */
  readonly batchNs?: number;
}

export interface InstructionClock {
  readonly shift: number;
  /** Of everything random that the machine gives to the guest. */
  readonly seed: number;
}

/** A machine in which nothing happens that is not drawn from a seed. Needs an instruction clock. */
export interface SimulationSpec {
  readonly scheduler: VcpuSchedulerSpec;
}

/** Hexadecimal, with 0x. */
export interface AddressRange {
  readonly start: string;
  readonly size: string;
}

/**
 * What a plugin of QEMU writes down of the code that the guest executes: files of the run folder. It looks where Linux
 * puts modules, if it is not told where else.
 */
export interface DriverTrace {
  /** Hexadecimal, without 0x. */
  readonly range?: { readonly from: string; readonly until: string };
  /** Gets each run of instructions that was executed, and what came after it. */
  readonly blocks?: string;
  /** A line each time an address of the file `entries` is executed, from a position of the scheduler on. */
  readonly calls?: {
    /** Gets them; without it they are in `trace.log`, among the trace events. */
    readonly file?: string;
    readonly entries: string;
    readonly since?: number;
  };
}

/** Everything that decides what machine is started; sizes in MiB, paths on the host. */
export interface MachineSpec {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly accel: Accelerator;
  /**
   * Virtual time is counted in instructions instead of taken from the host: each one is 2^shift ns, and idling costs
   * none. Needs TCG, which then runs all vCPUs in one thread. The console goes to its file only.
   */
  readonly instructionClock?: InstructionClock;
  /** Nothing comes from the host once the guest runs: no SSH. */
  readonly simulation?: SimulationSpec;
  /** A machine like this one that was saved there: QEMU waits until it is restored, instead of booting. */
  readonly template?: string;
  /** Trace events of QEMU to write down, a line each, into the file `trace.log` of the run folder. */
  readonly traceEvents?: readonly string[];
  /** Addresses of which each executed instruction is written down there, too. Needs TCG, and slows it down. */
  readonly logExecution?: AddressRange;
  /** Does not change what the guest does. Needs TCG. */
  readonly driverTrace?: DriverTrace;
  /** An ELF `vmlinux` with a PVH entry. */
  readonly kernel: string;
  /** cpio archives; a later one adds to, or replaces files of, an earlier one. */
  readonly initramfs: readonly string[];
  /** Kernel parameters after the lab's own (see `kernelCommandLine`). */
  readonly append: readonly string[];
  readonly nics: readonly NicSpec[];
  /** What else is at the hubs of the NICs; no part of a saved machine. */
  readonly cables?: readonly Cable[];
  readonly qemu: QemuTree;
  /** Existing folder of this run; receives `console.log` and `initramfs.cpio`. */
  readonly runDir: string;
}

/**
 * Ferronic's own five microseconds are over before an emulated driver has done anything: who does not wait for a queue
 * to stop would never be found out.
 */
const stopDelayNs = 5_000_000;

/** The two Ferronic cards that the guest's `lab-link` joins into one path. */
export function linkedPair(model: string): readonly [NicSpec, NicSpec] {
  const nic = (index: 0 | 1): NicSpec => ({
    id: `nic${index}`,
    model,
    mac: `52:54:00:fe:00:0${index + 1}`,
    backend: { kind: 'hub', hub: 0 },
    ...(model === 'ferronic' ? { log: `nic${index}.ndjson`, stopDelayNs } : {}),
  });
  return [nic(0), nic(1)];
}
