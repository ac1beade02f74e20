// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { readDriverMap } from '../coverage/driver-map.ts';
import { type Call, crashPlace, reporterAddresses } from '../replay/crash-place.ts';
import { openGdbServer, writeGdbScript } from '../replay/gdb-script.ts';
import { type KernelSymbols, readKernelSymbols } from '../replay/kernel-symbols.ts';
import {
  chromeTrace,
  readTimeline,
  type TimelineEvent,
  timelineEvents,
  timelineText,
} from '../replay/timeline.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { MachineClock, SimulatedMachine } from '../vm/simulated-machine.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';
import type { Simulation } from './simulation.ts';

/** A run of a world, and where its first report began. */
export interface Located {
  readonly ran: SimRun;
  /** The end of the run when no report of the kernel began. */
  readonly crash: MachineClock & Partial<Pick<Call, 'cpu'>>;
  readonly symbols: KernelSymbols;
}

const entriesFile = 'entries.txt';
const callsFile = 'calls.txt';
const logFile = 'trace.log';
const commandMs = 30_000;
/** After a report has begun, what it prints is of no interest. */
const afterCrash = 1_000;

/** Runs the world, and finds the instruction with which its first report begins. */
export async function locateCrash(simulation: Simulation, signal: AbortSignal): Promise<Located> {
  const { parts } = simulation;
  const wait: Wait = { signal, deadline: Deadline.never };
  const symbols = await readKernelSymbols(parts.vmlinux, parts.qemu.toolchainRoot, wait);
  const [from, until] = [symbols.get('_stext'), symbols.get('_etext')];
  const range = from === undefined || until === undefined ? {} : { range: { from, until } };
  const ran = await simulation.run(undefined, {
    signal,
    files: { [entriesFile]: reporterAddresses(symbols) },
    driverTrace: { ...range, calls: { file: callsFile, entries: entriesFile } },
  });
  const calls = await readFile(join(simulation.runs, ran.verdict.runId, callsFile), 'utf8');
  return { ran, crash: crashPlace(calls) ?? ran, symbols };
}

/** Runs the world up to a place, and gives whoever is there a machine that stands still. The folder of the run. */
export async function holdAt(
  simulation: Simulation,
  at: StopPoint,
  visit: (machine: SimulatedMachine, folder: string) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly reached: boolean }> {
  let reached = false;
  const hold = {
    at,
    reached: async (machine: SimulatedMachine) => {
      reached = true;
      await visit(machine, machine.runDir);
      return 'end' as const;
    },
  };
  await simulation.run(undefined, { signal, hold });
  return { reached };
}

/** Has gdb answer for a machine that stands still; the path of the script that starts the toolchain's. */
export async function offerGdb(
  simulation: Simulation,
  machine: SimulatedMachine,
  { ran, crash }: Located,
  signal: AbortSignal,
): Promise<string> {
  const { parts, world } = simulation;
  await openGdbServer(machine.vm.qmp, { signal, deadline: Deadline.after(commandMs) });
  const ko = parts.modules[world.driver.name];
  const sections = ran.loads.at(-1);
  return await writeGdbScript({
    runDir: machine.runDir,
    toolchain: parts.qemu.toolchainRoot,
    vmlinux: parts.vmlinux,
    cpu: crash.cpu ?? 0,
    ...(ko === undefined || sections === undefined ? {} : { module: { ko, sections } }),
  });
}

/** What gdb says of a machine that stands still: where each vCPU is, and how the first came there. */
export async function whereItStands(script: string): Promise<string> {
  const { stdout } = await execa(script, ['-batch'], { stdin: 'ignore', reject: false });
  const from = stdout.indexOf('  Id ');
  return from < 0 ? stdout : stdout.slice(from);
}

/** Runs a located crash once more and writes down what happened in the last `spanNs` before it. */
export async function timelineOf(
  simulation: Simulation,
  { ran, crash }: Located,
  spanNs: number,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly string[]; readonly file: string }> {
  const names = await driverFunctions(simulation, ran.loads, signal);
  const trace = async (machine: SimulatedMachine, enable: boolean) => {
    for (const name of timelineEvents) {
      const wait: Wait = { signal, deadline: Deadline.after(commandMs) };
      await machine.vm.qmp.execute('trace-event-set-state', { name, enable }, wait);
    }
  };
  const beginning = async (machine: SimulatedMachine) => {
    await trace(machine, true);
    const end = { instructions: crash.instructions + afterCrash };
    machine.holdAt({
      at: end,
      reached: async () => {
        // Cards are reset when QEMU ends.
        await trace(machine, false);
        return 'end';
      },
    });
    return 'go-on' as const;
  };
  const from = Math.max(1, crash.virtualNs - spanNs);
  const traced = await simulation.run(undefined, {
    signal,
    files: { [entriesFile]: `${[...names.keys()].join('\n')}\n` },
    driverTrace: { calls: { entries: entriesFile } },
    hold: { at: { virtualNs: from }, reached: beginning },
  });
  const folder = join(simulation.runs, traced.verdict.runId);
  const log = await readFile(join(folder, logFile), 'utf8');
  const events: readonly TimelineEvent[] = readTimeline(log, (address) =>
    names.get(address),
  ).filter(({ ns }) => ns >= from && ns <= crash.virtualNs);
  const file = join(folder, 'timeline.json');
  await writeFile(file, JSON.stringify(chromeTrace(events, crash.virtualNs)));
  return { lines: timelineText(events, crash.virtualNs), file };
}

/** Functions of the driver by their addresses in a run. */
async function driverFunctions(
  { parts, world }: Simulation,
  loads: SimRun['loads'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const ko = parts.modules[world.driver.name];
  if (ko === undefined) return new Map();
  const wait: Wait = { signal, deadline: Deadline.never };
  const { sections, functions } = await readDriverMap(ko, parts.qemu.toolchainRoot, wait);
  const names = new Map<string, string>();
  for (const load of loads) {
    for (const [name, address] of Object.entries(load)) {
      const placed = sections.get(name);
      if (placed === undefined) continue;
      for (const { name: called, start } of functions) {
        if (start < placed.at || start >= placed.at + placed.size) continue;
        names.set((start - placed.at + BigInt(address)).toString(16), called);
      }
    }
  }
  return names;
}
