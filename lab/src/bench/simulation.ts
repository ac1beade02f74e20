// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AbortedError, TimedOutError } from 'qemu-ipc/errors';
import { Deadline, type Wait, waitFor } from 'qemu-ipc/wait';
import { Interrupted, LabFailure } from '../errors.ts';
import { DriverFailure } from '../run/driver-failure.ts';
import { cpioArchive } from '../vm/cpio-archive.ts';
import { launchVm, type RunningVm } from '../vm/launch.ts';
import type { AddressRange, NicSpec } from '../vm/machine-spec.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import type { BenchParts } from './bench-parts.ts';
import { guestShell } from './guest-shell.ts';
import { inRunFolder } from './run-folder.ts';

/** A guest that runs a script and nothing else, its virtual time counted in instructions. */
export interface Simulation {
  /** What it does, for an error. */
  readonly doing: string;
  readonly cpus: number;
  /** Each instruction takes 2^shift ns. */
  readonly shift: number;
  readonly seed: number;
  readonly nics: readonly NicSpec[];
  /** Archives to append to the initramfs. */
  readonly archives: readonly string[];
  /** May use the functions of `guestShell`. What it prints comes out of the console. */
  readonly script: string;
  readonly traceEvents?: readonly string[];
  readonly logExecution?: AddressRange;
}

export interface SimulationResult {
  /** The whole console, without carriage returns. */
  readonly console: string;
  /** The trace events, and the instructions that were logged, a line each. */
  readonly trace: string;
}

const memoryMiB = 256;
const launchMs = 30_000;
/** Many times what any of the scripts takes on a busy machine. */
const longestMs = 600_000;
const scriptPath = 'bench.sh';
const excerptLines = 30;

/** Runs the script to its end. DriverFailure when it fails or the guest panics. */
export async function simulate(
  simulation: Simulation,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<SimulationResult> {
  return await inRunFolder(async (runDir) => {
    const archive = join(runDir, 'script.cpio');
    const content = `#!/bin/sh\n${guestShell}\n${simulation.script}`;
    await writeFile(archive, cpioArchive([{ path: scriptPath, mode: 0o755, content }]));
    const { cpus, shift, seed, nics, archives, traceEvents = [], logExecution } = simulation;
    const spec = {
      cpus,
      memoryMiB,
      accel: 'tcg',
      instructionClock: { shift, seed },
      traceEvents,
      ...(logExecution === undefined ? {} : { logExecution }),
      kernel: parts.kernel,
      initramfs: [parts.initramfs, ...archives, archive],
      append: [`lab.run=/${scriptPath}`],
      nics,
      qemu: parts.qemu,
      runDir,
    } as const;
    const launching: Wait = { signal, deadline: Deadline.after(launchMs) };
    await using vm = await launchVm(spec, launching);
    const panicked = await untilOff(vm, simulation.doing, signal);
    const { consolePath } = await vm.stop();
    const console = (await readFile(consolePath, 'utf8')).replaceAll('\r', '');
    checkEnd(simulation.doing, console, panicked);
    const traced = traceEvents.length > 0 || logExecution !== undefined;
    const trace = traced ? await readFile(join(runDir, 'trace.log'), 'utf8') : '';
    return { console, trace };
  });
}

/** Waits until the guest has turned itself off, or has panicked; returns which. */
async function untilOff(vm: RunningVm, doing: string, signal: AbortSignal): Promise<boolean> {
  const wait: Wait = { signal, deadline: Deadline.after(longestMs) };
  const off = vm.exited.then(() => false);
  const panicked = vm.panicked.then(() => true);
  try {
    return await waitFor(Promise.race([off, panicked]), wait, `${doing} to end`);
  } catch (error) {
    if (error instanceof AbortedError) throw new Interrupted();
    if (!(error instanceof TimedOutError)) throw error;
    throw new LabFailure('SIMULATION_STUCK', `${doing} does not end`, {
      remedy: 'The console of the guest is in the run folder.',
      cause: error,
    });
  }
}

function checkEnd(doing: string, console: string, panicked: boolean): void {
  if (!panicked && console.includes('ferrolab: workload ended with status 0')) return;
  const lines = console.trimEnd().split('\n').slice(-excerptLines);
  const excerpt = stripTerminalEscapes(lines.map((line) => `  ${line}`).join('\n'));
  throw new DriverFailure(
    panicked ? 'GUEST_PANIC' : 'BENCH_SCRIPT',
    `${doing} ${panicked ? 'crashed the guest' : 'failed in the guest'}:\n${excerpt}`,
    { remedy: 'The whole console is in the run folder.' },
  );
}
