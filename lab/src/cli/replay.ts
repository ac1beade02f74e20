// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { readDriverMap } from '../coverage/driver-map.ts';
import { Interrupted, LabFailure } from '../errors.ts';
import { type Call, crashPlace, reporterAddresses } from '../replay/crash-place.ts';
import { openGdbServer, writeGdbScript } from '../replay/gdb-script.ts';
import { readKernelSymbols } from '../replay/kernel-symbols.ts';
import {
  chromeTrace,
  readTimeline,
  type TimelineEvent,
  timelineEvents,
  timelineText,
} from '../replay/timeline.ts';
import type { SimRun, Visit } from '../run/sim-run.ts';
import type { MachineClock, SimulatedMachine } from '../vm/simulated-machine.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';
import type { Simulation } from './simulation.ts';

/** A run of a world, and where its first report began. */
export interface Located {
  readonly ran: SimRun;
  /** The end of the run when no report of the kernel began. */
  readonly crash: MachineClock & Partial<Pick<Call, 'cpu'>>;
}

const entriesFile = 'entries.txt';
const callsFile = 'calls.txt';
const logFile = 'trace.log';
const commandMs = 30_000;
const gdbMs = 120_000;
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
  if (signal.aborted) throw new Interrupted();
  const calls = await readFile(join(ran.folder, callsFile), 'utf8');
  return { ran, crash: crashPlace(calls) ?? ran };
}

/** Runs the world up to a place, and gives whoever is there a machine that stands still. Rejects with what that fails with. */
export async function holdAt(
  simulation: Simulation,
  at: StopPoint,
  visit: Visitor,
  signal: AbortSignal,
): Promise<{ readonly reached: boolean }> {
  let visited: Promise<void> | undefined;
  const hold: Visit = {
    at,
    reached: async (machine, loads) => {
      visited = visit(machine, loads);
      // What it fails with is thrown below: for the run it is the end.
      await visited.catch(() => undefined);
      return 'end';
    },
  };
  await simulation.run(undefined, { signal, hold });
  if (visited === undefined && signal.aborted) throw new Interrupted();
  await visited;
  return { reached: visited !== undefined };
}

/** Does something with a machine that stands still. */
export type Visitor = (machine: SimulatedMachine, loads: SimRun['loads']) => Promise<void>;

/** Has gdb answer for a machine that stands still; the path of the script that starts the toolchain's. */
export async function offerGdb(
  simulation: Simulation,
  machine: SimulatedMachine,
  loads: SimRun['loads'],
  { crash }: Located,
  signal: AbortSignal,
): Promise<string> {
  const { parts, world } = simulation;
  await openGdbServer(machine.vm.qmp, { signal, deadline: Deadline.after(commandMs) });
  const ko = parts.modules[world.driver.name];
  const sections = loads.at(-1);
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
  // Without it gdb lets the machine go on when it ends.
  const options = { stdin: 'ignore', reject: false, timeout: gdbMs } as const;
  const { stdout, stderr } = await execa(script, ['-batch', '-ex', 'disconnect'], options);
  const from = stdout.indexOf('  Id ');
  if (from < 0) {
    throw new LabFailure('GDB', `gdb does not say where the machine stands: ${stderr.trim()}`, {
      remedy: `Run it by hand while the machine stands still, with --gdb: ${script}`,
    });
  }
  return stdout.slice(from);
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
  // An instruction takes 2 ns, and idle time none: more cannot be in the window.
  const since = Math.max(0, crash.instructions - Math.ceil(spanNs / 2));
  const traced = await simulation.run(undefined, {
    signal,
    files: { [entriesFile]: `${[...names.keys()].join('\n')}\n` },
    driverTrace: { calls: { entries: entriesFile, since } },
    hold: { at: { virtualNs: from }, reached: beginning },
  });
  if (signal.aborted) throw new Interrupted();
  const { folder } = traced;
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
