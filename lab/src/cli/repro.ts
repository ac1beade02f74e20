// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import { isBundle, writeBundle } from '../replay/bundle.ts';
import { parseSpan, placeBefore } from '../replay/moment.ts';
import { findRun } from '../run/find-run.ts';
import { firstDifference } from '../run/first-difference.ts';
import { readWorld } from '../run/read-world.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { type SimTrace, simTraceFile } from '../run/sim-run.ts';
import { stateDirectory } from '../store/state-directory.ts';
import type { SimulatedMachine } from '../vm/simulated-machine.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';
import { presentCommit, unpacked } from './bundled.ts';
import { positiveInteger } from './choice.ts';
import {
  holdAt,
  type Located,
  locateCrash,
  offerGdb,
  timelineOf,
  whereItStands,
} from './replay.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation, type Simulation } from './simulation.ts';

interface ReproOptions {
  readonly at?: string;
  readonly before?: string;
  readonly gdb?: boolean;
  readonly timeline?: boolean;
  readonly window: string;
  readonly bundle?: string;
  readonly json?: boolean;
}

/** A run that is to come back. */
interface Recorded extends RunFolder {
  readonly trace: SimTrace;
}

const mostShown = 60;

/** `ferrolab repro`: runs a world again: compares, or stops on the way. */
export function reproCommand(): Command {
  return new Command('repro')
    .description(
      'run the world of a run again: identical, or where it differs; and stop anywhere in it',
    )
    .argument('<run>', 'id of a simulated run, or its beginning; a bundle; a file with a world')
    .option('--at <instruction>', 'stop there, and say where each vCPU is')
    .option('--before <time>', 'stop so long before the crash: 100us, 2ms, 10000insn')
    .option('--gdb', 'keep it stopped, for gdb: at the crash, if nothing else is said')
    .option('--timeline', 'what led to the crash; timeline.json of the folder is for Perfetto')
    .option('--window <time>', 'how long before the crash a timeline begins', '200us')
    .option('--bundle <file>', 'when it came back: all that somebody else needs, .tar.zst')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Exit status: 0 identical, or stopped where it was to stop; 3 not so, or the lab could not find out; 2 usage.

Examples:
  ferrolab repro 20261121T160714Z
  ferrolab repro 20261121T160714Z --before 100us --gdb
  ferrolab repro 20261121T160714Z --timeline
  ferrolab repro 20261121T160714Z --bundle crash.tar.zst, and elsewhere: ferrolab repro crash.tar.zst
`,
    )
    .action(async (run: string, options: ReproOptions) => {
      process.exitCode = await repro(run, options);
    });
}

async function repro(run: string, options: ReproOptions): Promise<ExitStatus> {
  const window = parseSpan('window', options.window);
  if (!('ns' in window)) {
    throw new UsageError('BAD_SPAN', '--window: a time is needed, not instructions', {
      remedy: 'Give one as 100us or 2ms.',
    });
  }
  const { bundle } = options;
  if (bundle !== undefined && !isBundle(bundle)) {
    throw new UsageError('BAD_BUNDLE', `--bundle: '${bundle}' does not end with .tar.zst`, {
      remedy: 'Name it crash.tar.zst.',
    });
  }
  const signal = interruptSignal();
  await using bundled = await unpacked(run, signal);
  const recorded = await recordedAs(run, bundled.folder);
  const world = recorded === undefined ? run : join(recorded.path, 'world.json');
  await using simulation = await prepareSimulation(await readWorld(world), signal);
  const stops = options.gdb || options.at !== undefined || options.before !== undefined;
  if (!stops && !options.timeline) return await again(simulation, recorded, options);
  const located = await locateCrash(simulation, signal);
  const { ran, crash } = located;
  process.stderr.write(
    `${ran.verdict.outcome}  ${ran.verdict.reason}\nat instruction ${crash.instructions}, ${(crash.virtualNs / 1e9).toFixed(9)} s${crash.cpu === undefined ? '' : `, on vCPU ${crash.cpu}`}\n`,
  );
  if (options.timeline) {
    const { lines, file } = await timelineOf(simulation, located, window.ns, signal);
    const shown = lines.slice(-mostShown);
    if (shown.length < lines.length) {
      process.stdout.write(`(${lines.length - shown.length} lines before these)\n`);
    }
    process.stdout.write(`${shown.join('\n')}\nfor Perfetto: ${file}\n`);
  }
  if (!stops) return exitStatus.ok;
  const visit = (machine: SimulatedMachine) => look(simulation, machine, located, options, signal);
  const { reached } = await holdAt(simulation, stopPoint(options, crash), visit, signal);
  if (!reached) process.stderr.write('the run ended before that\n');
  return reached ? exitStatus.ok : exitStatus.labFailed;
}

function stopPoint(options: ReproOptions, crash: Parameters<typeof placeBefore>[0]): StopPoint {
  const { at, before: span } = options;
  if (at !== undefined) {
    return { instructions: positiveInteger('at', at, Number.MAX_SAFE_INTEGER) };
  }
  return span === undefined
    ? { instructions: crash.instructions }
    : placeBefore(crash, parseSpan('before', span));
}

/** Shows where a machine stands; with --gdb, until the user has seen enough. */
async function look(
  simulation: Simulation,
  machine: SimulatedMachine,
  located: Located,
  { gdb }: ReproOptions,
  signal: AbortSignal,
): Promise<void> {
  const script = await offerGdb(simulation, machine, located, signal);
  if (!gdb) {
    process.stdout.write(`${await whereItStands(script)}\n`);
    return;
  }
  process.stdout.write(`It stands still. In another terminal:\n  ${script}\nCtrl-C ends it.\n`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** Runs it and compares with what was recorded, if anything was. */
async function again(
  simulation: Simulation,
  recorded: Recorded | undefined,
  { json = false, bundle }: ReproOptions,
): Promise<ExitStatus> {
  const ran = await simulation.run();
  const { trace } = recorded ?? { trace: ran };
  const identical = trace.consoleSha256 === ran.consoleSha256 && trace.schedule === ran.schedule;
  const { verdict, consoleSha256, wallMs } = ran;
  if (json) {
    const document = {
      run: verdict.runId,
      of: recorded?.runId ?? null,
      identical: recorded === undefined ? null : identical,
      title: verdict.crashes[0]?.title ?? null,
      consoleSha256,
      wallMs,
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else if (identical) {
    const head = recorded === undefined ? '' : 'identical: ';
    process.stdout.write(
      `${head}${verdict.outcome}  ${verdict.reason}\nconsole    sha256:${consoleSha256}\n`,
    );
  } else {
    const consoles = [recorded?.path ?? '', join(simulation.runs, verdict.runId)] as const;
    process.stdout.write(`NOT identical\n${await difference(consoles)}`);
  }
  if (identical && bundle !== undefined) {
    const { toolchainRoot } = simulation.parts.qemu;
    const folder = join(simulation.runs, verdict.runId);
    await writeBundle(folder, await presentCommit(), toolchainRoot, bundle);
    process.stderr.write(`written: ${bundle}\n`);
  }
  return identical ? exitStatus.ok : exitStatus.labFailed;
}

async function recordedAs(run: string, bundled: string | undefined) {
  if (bundled !== undefined) return await readTrace({ runId: run, path: bundled });
  if (existsSync(run)) return undefined;
  return await readTrace(await findRun(stateDirectory().runs, run));
}

async function readTrace(folder: RunFolder): Promise<Recorded> {
  try {
    const text = await readFile(join(folder.path, simTraceFile), 'utf8');
    return { ...folder, trace: JSON.parse(text) as SimTrace };
  } catch (cause) {
    throw new UsageError(
      'NO_SIMULATION',
      `${folder.path} is not of a simulated run that has ended`,
      {
        remedy: 'Live runs do not come back; look for their crash in simulated worlds.',
        cause,
      },
    );
  }
}

async function difference(folders: readonly [string, string]): Promise<string> {
  const [one, other] = folders.map((folder) => join(folder, 'console.log')) as [string, string];
  const found = await firstDifference(one, other);
  if (found === undefined) return '  the consoles are the same, the schedules differ\n';
  const { line, one: was, other: is } = found;
  const shown = (text: string | undefined) =>
    text === undefined ? '(ended before)' : stripTerminalEscapes(text);
  return `  line ${line} of console.log\n  was  ${shown(was)}\n  is   ${shown(is)}\n  ${one}\n  ${other}\n`;
}
