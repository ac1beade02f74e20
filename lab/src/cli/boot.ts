// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import { type KernelFlavour, kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { exitStatus, Interrupted, UsageError } from '../errors.ts';
import {
  type BootedVm,
  bootVm,
  linkUp,
  loadDriver,
  ping,
  unpackArchives,
} from '../run/boot-sequence.ts';
import { forkedMachine, type GuestMachine } from '../run/live-template.ts';
import type { PingCounts } from '../run/ping.ts';
import {
  type AcceleratorChoice,
  acceleratorChoices,
  chooseAccelerator,
} from '../vm/choose-accelerator.ts';
import { type Accelerator, linkedPair, type MachineSpec } from '../vm/machine-spec.ts';
import { type BootInputs, gatherBootInputs } from './boot-inputs.ts';
import { oneOf, positiveInteger } from './choice.ts';
import { interruptSignal } from './signals.ts';
import { templatesInCache } from './templates.ts';

interface BootOptions {
  readonly driver: string;
  readonly kernel: string;
  readonly accel: string;
  readonly ping: string;
  readonly once?: boolean;
  readonly fork?: boolean;
  readonly json?: boolean;
}

interface BootRequest {
  readonly driver: OwnDriver | undefined;
  readonly kernel: KernelFlavour;
  readonly accel: AcceleratorChoice;
  readonly pings: number;
}

/** Durations in milliseconds; those of a driver are absent without one. */
interface BootPhases {
  /** Finding, or building, what the guest is made of. */
  readonly artifacts: number;
  /** QEMU's start to its first answer on QMP. */
  readonly qemuStart: number;
  /** QEMU's start to the end of the SSH login. */
  readonly qemuToSsh: number;
  readonly driverLoad?: number;
  readonly linkUp?: number;
  readonly firstPing?: number;
  /** QEMU's start to the first answered ping. */
  readonly qemuToPing?: number;
  /** All further pings together. */
  readonly pings?: number;
  /** The command's start to the first answered ping; to the SSH login without a driver. */
  readonly total: number;
}

interface PingSummary {
  readonly sent: number;
  readonly received: number;
  readonly corrupt: number;
}

interface BootDocument {
  readonly driver: string;
  readonly kernel: KernelFlavour;
  readonly accel: Accelerator;
  readonly phasesMs: BootPhases;
  readonly ping: PingSummary | null;
}

/** How long a guest may take from start to ping, in ms: many times what it needs on a quiet machine. */
const bootMs: Readonly<Record<KernelFlavour, number>> = { fast: 90_000, debug: 400_000 };
const memoryMiB: Readonly<Record<KernelFlavour, number>> = { fast: 256, debug: 512 };
const mostPings = 10_000_000;

/** `ferrolab boot`: a guest with the driver moving packets, and a shell in it on a terminal. */
export function bootCommand(): Command {
  return new Command('boot')
    .description('boot a guest, load the driver, ping through the NIC; a shell on a terminal')
    .option('--driver <name>', 'rust, c or none', 'rust')
    .option('--kernel <flavour>', 'fast or debug', 'fast')
    .option('--accel <name>', 'auto, kvm or tcg', 'auto')
    .option('--ping <count>', 'packets to send through the NIC', '100')
    .option('--fork', 'go on with a guest that has booted; the first time makes it')
    .option('--once', 'no shell: stop when the packets have come back')
    .option('--json', 'one JSON document on stdout, no shell')
    .addHelpText('after', '\nExample:\n  ferrolab boot --driver c --once --ping 10000\n')
    .action(async (options: BootOptions) => {
      await boot(checked(options), options);
    });
}

function checked(options: BootOptions): BootRequest {
  const drivers = [...(Object.keys(ownDrivers) as OwnDriver[]), 'none' as const];
  const driver = oneOf('driver', options.driver, drivers);
  return {
    driver: driver === 'none' ? undefined : driver,
    kernel: oneOf('kernel', options.kernel, kernelFlavours),
    accel: oneOf('accelerator', options.accel, acceleratorChoices),
    pings: positiveInteger('ping', options.ping, mostPings),
  };
}

async function boot(request: BootRequest, { json, once, fork }: BootOptions): Promise<void> {
  const signal = interruptSignal();
  const since = performance.now();
  const inputs = await gather(request, signal);
  const artifacts = performance.now() - since;
  const accel = await chooseAccelerator(request.accel, inputs.probe, cacheDirectory(), {
    signal,
    deadline: Deadline.after(bootMs[request.kernel]),
  });
  const { machine, archives } = await machineOf(request, inputs, accel, {
    fork: fork ?? false,
    signal,
  });
  const runDir = await mkdtemp(join(tmpdir(), 'ferrolab-boot-'));
  let finished = false;
  try {
    const wait: Wait = { signal, deadline: Deadline.after(bootMs[request.kernel]) };
    await using booted = await bootVm({ ...machine, runDir }, inputs.credentials, wait);
    await unpackArchives(booted, archives, wait);
    const document = await movePackets(booted, request, { artifacts, accel }, wait);
    process.exitCode = statusOf(document.ping);
    process.stdout.write(json ? `${JSON.stringify(document)}\n` : summary(document));
    const interactive = process.stdin.isTTY && process.stdout.isTTY && !once && !json;
    if (interactive) await giveShell(booted, signal);
    finished = true;
  } catch (error) {
    // Whatever was cut short, the reason is the user's wish.
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    if (finished) await rm(runDir, { recursive: true, force: true });
    else process.stderr.write(`run folder: ${runDir}\n`);
  }
}

async function gather(request: BootRequest, signal: AbortSignal): Promise<BootInputs> {
  const progress = new StreamProgress(process.stderr);
  try {
    const wait: Wait = { signal, deadline: Deadline.never };
    return await gatherBootInputs(request.kernel, request.driver, { wait, progress });
  } finally {
    progress.close();
  }
}

async function machineOf(
  { kernel }: BootRequest,
  inputs: BootInputs,
  accel: Accelerator,
  { fork, signal }: { readonly fork: boolean; readonly signal: AbortSignal },
): Promise<GuestMachine> {
  const machine: MachineSpec = {
    cpus: 2,
    memoryMiB: memoryMiB[kernel],
    accel,
    kernel: inputs.kernel,
    initramfs: inputs.initramfs,
    append: [],
    nics: linkedPair('ferronic'),
    qemu: inputs.qemu,
    runDir: '',
  };
  if (!fork) return { machine, archives: [] };
  if (accel === 'kvm') {
    throw new UsageError('FORK_KVM', 'only an emulated guest can be forked', {
      remedy: 'Say --accel tcg, or leave --fork out.',
    });
  }
  const { parts, credentials } = inputs;
  const wait: Wait = { signal, deadline: Deadline.never };
  return await forkedMachine(machine, { ...parts, credentials }, templatesInCache(), wait);
}

async function movePackets(
  booted: BootedVm,
  request: BootRequest,
  known: { readonly artifacts: number; readonly accel: Accelerator },
  wait: Wait,
): Promise<BootDocument> {
  const { driver, kernel, pings } = request;
  const { accel, artifacts } = known;
  const started = { artifacts, qemuStart: booted.qemuStartMs, qemuToSsh: booted.qemuToSshMs };
  const header = { driver: driver ?? 'none', kernel, accel };
  if (driver === undefined) {
    const phasesMs = rounded({ ...started, total: performance.now() });
    return { ...header, phasesMs, ping: null };
  }
  const { module } = ownDrivers[driver];
  const driverLoad = await timed(() => loadDriver(booted, module, wait));
  const link = await timed(() => linkUp(booted, module, wait));
  const first = await timed(() => ping(booted, 1, wait));
  const qemuToPing = performance.now() - booted.vm.startedAtMs;
  // Since the process began: performance.now() counts from there.
  const total = performance.now();
  const pinging: Wait = { signal: wait.signal, deadline: Deadline.never };
  const rest = pings > 1 ? await timed(() => ping(booted, pings - 1, pinging)) : undefined;
  const phasesMs = rounded({
    ...started,
    driverLoad: driverLoad.ms,
    linkUp: link.ms,
    firstPing: first.ms,
    qemuToPing,
    ...(rest === undefined ? {} : { pings: rest.ms }),
    total,
  });
  return { ...header, phasesMs, ping: sum(first.value, rest?.value) };
}

async function giveShell(booted: BootedVm, signal: AbortSignal): Promise<void> {
  const { openGuestTerminal } = await import('./guest-terminal.ts');
  process.stdout.write('A shell in the guest. `exit` leaves; Ctrl-] shows the console.\n');
  const terminal = { input: process.stdin, output: process.stdout };
  const end = await openGuestTerminal(booted, terminal, { signal, deadline: Deadline.never });
  process.stdout.write(end === 'machine-gone' ? '\nThe machine is gone.\n' : '\n');
  if (end === 'interrupted') process.exitCode = exitStatus.interrupted;
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const since = performance.now();
  const value = await work();
  return { ms: performance.now() - since, value };
}

function rounded(phases: BootPhases): BootPhases {
  const entries = Object.entries(phases).map(([name, ms]) => [name, Math.round(ms)]);
  return Object.fromEntries(entries) as BootPhases;
}

function sum(first: PingCounts, rest: PingCounts | undefined): PingSummary {
  return {
    sent: first.sent + (rest?.sent ?? 0),
    received: first.received + (rest?.received ?? 0),
    corrupt: first.corrupted + (rest?.corrupted ?? 0),
  };
}

function statusOf(counts: PingSummary | null): number {
  const clean = counts === null || (counts.received === counts.sent && counts.corrupt === 0);
  return clean ? exitStatus.ok : exitStatus.driverFailed;
}

const phaseNames: Readonly<Record<keyof BootPhases, string>> = {
  artifacts: 'artifacts found',
  qemuStart: 'QEMU start',
  qemuToSsh: 'QEMU start to SSH',
  driverLoad: 'driver loaded',
  linkUp: 'link up',
  firstPing: 'first ping',
  qemuToPing: 'QEMU start to first ping',
  pings: 'further pings',
  total: 'command to here',
};

function summary(document: BootDocument): string {
  const { driver, kernel, accel, phasesMs, ping: counts } = document;
  const rows = Object.entries(phasesMs).map(
    ([name, ms]) =>
      `  ${phaseNames[name as keyof BootPhases].padEnd(26)}${(ms / 1000).toFixed(2).padStart(8)} s\n`,
  );
  const packets =
    counts === null
      ? ''
      : `  ${counts.sent} packets sent, ${counts.received} received, ${counts.corrupt} corrupt\n`;
  return `driver ${driver}, kernel ${kernel}, ${accel}\n${rows.join('')}${packets}`;
}
