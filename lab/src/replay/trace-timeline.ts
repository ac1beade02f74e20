// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { readDriverMap } from '../coverage/driver-map.ts';
import { Interrupted } from '../errors.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { SimulatedMachine } from '../vm/simulated-machine.ts';
import type { Located } from './locate-crash.ts';
import type { Simulation } from './simulation.ts';
import {
  chromeTrace,
  readTimeline,
  type TimelineEvent,
  timelineEvents,
  timelineText,
} from './timeline.ts';

const entriesFile = 'entries.txt';
const logFile = 'trace.log';
const commandMs = 30_000;
/** After a report has begun, what it prints is of no interest. */
const afterCrash = 1_000;

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
