// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { Interrupted } from '../errors.ts';
import { earlier, type Place } from '../run/device-log.ts';
import type { SimRun } from '../run/sim-run.ts';
import { crashPlace, reporterAddresses } from './crash-place.ts';
import { readKernelSymbols } from './kernel-symbols.ts';
import type { Simulation } from './simulation.ts';

/** A run of a world, and where its first report began. */
export interface Located {
  readonly ran: SimRun;
  /** The end of the run when neither the kernel nor a device reported anything at a place that is known. */
  readonly crash: Place;
}

const entriesFile = 'entries.txt';
const callsFile = 'calls.txt';

/** Runs a world, and finds the instruction with which its first report begins. */
export async function locateCrash(
  simulation: Simulation,
  signal: AbortSignal,
  world = simulation.world,
): Promise<Located> {
  const { parts } = simulation;
  const wait: Wait = { signal, deadline: Deadline.never };
  const symbols = await readKernelSymbols(parts.vmlinux, parts.qemu.toolchainRoot, wait);
  const [from, until] = [symbols.get('_stext'), symbols.get('_etext')];
  const range = from === undefined || until === undefined ? {} : { range: { from, until } };
  const ran = await simulation.run(world, {
    signal,
    files: { [entriesFile]: reporterAddresses(symbols) },
    driverTrace: { ...range, calls: { file: callsFile, entries: entriesFile } },
  });
  if (signal.aborted) throw new Interrupted();
  const calls = await readFile(join(ran.folder, callsFile), 'utf8');
  return { ran, crash: earlier<Place>(crashPlace(calls), ran.complaint) ?? ran };
}
