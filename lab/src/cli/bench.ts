// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { type BenchParts, gatherBenchParts } from '../bench/bench-parts.ts';
import { benchDrivers, comparedDrivers } from '../bench/driver-bench.ts';
import { driverReport, driverText } from '../bench/driver-report.ts';
import { measureSpeed, type SpeedSample, speedCpus } from '../bench/speed.ts';
import { speedCards, speedTables, speedText } from '../bench/speed-report.ts';
import { ownDriversOf, type Subject, subjects } from '../bench/subjects.ts';
import {
  type AcceleratorChoice,
  acceleratorChoices,
  chooseAccelerator,
} from '../vm/choose-accelerator.ts';
import type { Accelerator } from '../vm/machine-spec.ts';
import { worldsCommand } from './bench-worlds.ts';
import { oneOf, positiveInteger } from './choice.ts';
import { interruptible } from './signals.ts';

interface NicOptions {
  readonly nics: string;
  readonly accel: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly threads: string;
  readonly json?: boolean;
}

interface NicRequest {
  readonly subjects: readonly Subject[];
  readonly accel: AcceleratorChoice;
  readonly rounds: number;
  readonly seconds: number;
  readonly threads: number;
}

interface DriversOptions {
  readonly accel: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly packets: string;
  readonly json?: boolean;
}

interface DriversRequest {
  readonly accel: AcceleratorChoice;
  readonly rounds: number;
  readonly seconds: number;
  readonly packets: number;
}

const mostPackets = 1_000_000;
const mostRounds = 1_000;
const mostSeconds = 3_600;
const accelMs = 120_000;

/** `ferrolab bench`: how fast the NIC is, and what the drivers cost. */
export function benchCommand(): Command {
  const bench = new Command('bench').description(
    'measure the NIC against others, Rust against C, and simulated worlds',
  );
  bench.addCommand(nicCommand());
  bench.addCommand(driversCommand());
  bench.addCommand(worldsCommand());
  return bench;
}

function nicCommand(): Command {
  return new Command('nic')
    .description('packets/s sent and received by ferronic, e1000e, igb and virtio-net, in one run')
    .option('--nics <list>', 'which, with commas', subjects.map(({ name }) => name).join(','))
    .option('--accel <name>', acceleratorChoices.join(', '), 'tcg')
    .option('--rounds <n>', 'how often each is measured', '5')
    .option('--seconds <n>', 'how long each measurement takes', '2')
    .option('--threads <n>', `sending threads, a vCPU each, 1 to ${speedCpus}`, '1')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab bench nic --rounds 3 --nics ferronic-rust,igb\n')
    .action(async (options: NicOptions) => {
      await interruptible((signal) => benchNic(checkedNic(options), options.json ?? false, signal));
    });
}

function checkedNic(options: NicOptions): NicRequest {
  const names = subjects.map(({ name }) => name);
  const wanted = new Set(options.nics.split(',').map((name) => oneOf('NIC', name.trim(), names)));
  return {
    subjects: subjects.filter(({ name }) => wanted.has(name)),
    accel: oneOf('accelerator', options.accel, acceleratorChoices),
    rounds: positiveInteger('rounds', options.rounds, mostRounds),
    seconds: positiveInteger('seconds', options.seconds, mostSeconds),
    threads: positiveInteger('threads', options.threads, speedCpus),
  };
}

async function benchNic(request: NicRequest, json: boolean, signal: AbortSignal): Promise<void> {
  const wanted = { drivers: ownDriversOf(request.subjects), irqProbe: false };
  const parts = await gather(wanted, signal);
  const accel = await accelerator(request.accel, parts, signal);
  const progress = sayOnStderr(request.rounds);
  const result = await measureSpeed({ ...request, accel }, parts, progress, signal);
  const order = request.subjects.map(({ name }) => name);
  const cards = speedCards(result, order);
  const own = new Set(
    request.subjects.filter((one) => one.own !== undefined).map((one) => one.name),
  );
  const tables = speedTables(result, order, (name) => !own.has(name));
  const { rounds, seconds, threads } = request;
  const header = { bench: 'nic', kernel: 'fast', accel, cpus: speedCpus, rounds, seconds, threads };
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...header, nics: cards, tables })}\n`
      : `fast kernel, ${accel}, ${speedCpus} vCPUs, ${threads} sending; medians of ${rounds} rounds of ${seconds} s\n${speedText(cards, tables)}`,
  );
}

function driversCommand(): Command {
  return new Command('drivers')
    .description('Rust against C on ferronic: instructions, interrupts, memory, size, packets/s')
    .option('--accel <name>', `for packets/s: ${acceleratorChoices.join(', ')}`, 'tcg')
    .option('--rounds <n>', 'how often packets/s are measured', '5')
    .option('--seconds <n>', 'how long each measurement of packets/s takes', '2')
    .option('--packets <n>', 'packets in each count of instructions', '10000')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab bench drivers --rounds 9 --json\n')
    .action(async (options: DriversOptions) => {
      const request = checkedDrivers(options);
      await interruptible((signal) => compareDrivers(request, options.json ?? false, signal));
    });
}

function checkedDrivers(options: DriversOptions): DriversRequest {
  return {
    accel: oneOf('accelerator', options.accel, acceleratorChoices),
    rounds: positiveInteger('rounds', options.rounds, mostRounds),
    seconds: positiveInteger('seconds', options.seconds, mostSeconds),
    packets: positiveInteger('packets', options.packets, mostPackets),
  };
}

async function compareDrivers(
  request: DriversRequest,
  json: boolean,
  signal: AbortSignal,
): Promise<void> {
  const parts = await gather({ drivers: comparedDrivers, irqProbe: true }, signal);
  const accel = await accelerator(request.accel, parts, signal);
  const progress = {
    step: (text: string) => process.stderr.write(`${text}\n`),
    speed: sayOnStderr(request.rounds),
  };
  const report = driverReport(await benchDrivers({ ...request, accel }, parts, progress, signal));
  const { rounds, seconds, packets } = request;
  const header = {
    bench: 'drivers',
    kernel: 'fast',
    accel,
    cpus: speedCpus,
    rounds,
    seconds,
    packets,
  };
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...header, ...report })}\n`
      : `fast kernel; packets/s with ${accel}, ${speedCpus} vCPUs, medians of ${rounds} rounds of ${seconds} s; ${driverText(report)}`,
  );
}

async function gather(
  wanted: Parameters<typeof gatherBenchParts>[0],
  signal: AbortSignal,
): Promise<BenchParts> {
  const progress = new StreamProgress(process.stderr);
  try {
    return await gatherBenchParts(wanted, { wait: { signal, deadline: Deadline.never }, progress });
  } finally {
    progress.close();
  }
}

async function accelerator(
  choice: AcceleratorChoice,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<Accelerator> {
  const wait: Wait = { signal, deadline: Deadline.after(accelMs) };
  return await chooseAccelerator(choice, parts.kvmProbe, cacheDirectory(), wait);
}

function sayOnStderr(rounds: number): (round: number, sample: SpeedSample) => void {
  return (round, { subject, direction, bytes, packetsPerSecond }) => {
    const rate = `${(packetsPerSecond / 1_000).toFixed(1)} k packets/s`;
    process.stderr.write(
      `round ${round + 1}/${rounds}  ${subject.name} ${direction} ${bytes} bytes: ${rate}\n`,
    );
  };
}
