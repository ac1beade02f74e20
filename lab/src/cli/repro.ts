// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type ExitStatus, exitStatus, Interrupted, UsageError } from '../errors.ts';
import { isBundle, writeBundle } from '../replay/bundle.ts';
import { offerGdb, whereItStands } from '../replay/gdb-session.ts';
import { holdAt, type Visitor } from '../replay/hold.ts';
import { type Located, locateCrash } from '../replay/locate-crash.ts';
import { parseSpan, placeBefore, type Span } from '../replay/moment.ts';
import type { Simulation } from '../replay/simulation.ts';
import { timelineOf } from '../replay/trace-timeline.ts';
import { findRun } from '../run/find-run.ts';
import { firstDifference } from '../run/first-difference.ts';
import { readWorld } from '../run/read-world.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { type SimRun, type SimTrace, simTraceFile } from '../run/sim-run.ts';
import { stateDirectory } from '../store/state-directory.ts';
import type { MachineClock, SimulatedMachine } from '../vm/simulated-machine.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import type { StopPoint } from '../vm/vcpu-scheduler.ts';
import { presentCommit, unpacked } from './bundled.ts';
import { positiveInteger } from './choice.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation } from './simulation.ts';

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
/** Options with which nothing is compared. */
const stopping = ['at', 'before', 'gdb', 'timeline'];

/** `ferrolab repro`: runs a world again: compares, or stops on the way. */
export function reproCommand(): Command {
  return new Command('repro')
    .description(
      'run the world of a run again: identical, or where it differs; and stop anywhere in it',
    )
    .argument('<run>', 'id of a simulated run, or its beginning; a bundle; a file with a world')
    .option('--at <instruction>', 'stop there, and say where each vCPU is')
    .addOption(
      new Option(
        '--before <time>',
        'stop so long before the crash: 100us, 2ms, 10000insn',
      ).conflicts('at'),
    )
    .option('--gdb', 'keep it stopped, for gdb: at the crash, if nothing else is said')
    .option('--timeline', 'what led to the crash; timeline.json of the folder is for Perfetto')
    .option('--window <time>', 'how long before the crash a timeline begins', '200us')
    .addOption(
      new Option(
        '--bundle <file>',
        'when it came back: all that somebody else needs, .tar.zst',
      ).conflicts(stopping),
    )
    .addOption(new Option('--json', 'one JSON document on stdout').conflicts(stopping))
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
  // Before anything is built or run.
  const wanted = stopWanted(options);
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
  const stops = options.gdb === true || wanted !== undefined;
  if (!stops && !options.timeline) return await again(simulation, recorded, options, signal);
  const located = await locateCrash(simulation, signal);
  const { ran, crash } = located;
  if (crash === ran) {
    process.stderr.write('neither the kernel nor a device said where it was; this is the end:\n');
  }
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
  const visit: Visitor = (machine, loads) =>
    look(simulation, { machine, loads }, located, options, signal);
  const { reached } = await holdAt(simulation, stopPoint(wanted, crash), visit, signal);
  if (!reached) process.stderr.write('the run ended before that\n');
  return reached ? exitStatus.ok : exitStatus.labFailed;
}

/** Where the user wants to stop: at an instruction, or so long before the crash. */
type StopWanted = { readonly at: number } | { readonly before: Span } | undefined;

function stopWanted({ at, before }: ReproOptions): StopWanted {
  if (at !== undefined) return { at: positiveInteger('at', at, Number.MAX_SAFE_INTEGER) };
  return before === undefined ? undefined : { before: parseSpan('before', before) };
}

function stopPoint(wanted: StopWanted, crash: MachineClock): StopPoint {
  if (wanted === undefined) return { instructions: crash.instructions };
  return 'at' in wanted ? { instructions: wanted.at } : placeBefore(crash, wanted.before);
}

/** Shows where a machine stands; with --gdb, until the user has seen enough. */
async function look(
  simulation: Simulation,
  { machine, loads }: { readonly machine: SimulatedMachine; readonly loads: SimRun['loads'] },
  located: Located,
  { gdb }: ReproOptions,
  signal: AbortSignal,
): Promise<void> {
  const script = await offerGdb(simulation, machine, loads, located, signal);
  if (!gdb) {
    process.stdout.write(`${await whereItStands(script)}\n`);
    return;
  }
  process.stdout.write(`It stands still. In another terminal:\n  ${script}\nCtrl-C ends it.\n`);
  // gdb can end QEMU, too.
  if (!signal.aborted) await Promise.race([once(signal, 'abort'), machine.vm.exited]);
}

/** Runs it and compares with what was recorded, if anything was. */
async function again(
  simulation: Simulation,
  recorded: Recorded | undefined,
  { json = false, bundle }: ReproOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const ran = await simulation.run();
  if (signal.aborted) throw new Interrupted();
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
    const consoles = [recorded?.path ?? '', ran.folder] as const;
    process.stdout.write(`NOT identical\n${await difference(consoles)}`);
  }
  if (identical && bundle !== undefined) {
    const { toolchainRoot } = simulation.parts.qemu;
    await writeBundle(ran.folder, await presentCommit(), toolchainRoot, bundle);
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
