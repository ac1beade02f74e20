// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { type Minimized, minimizeWorld, type Trial } from '../minimize/minimize-world.ts';
import { stepsOf } from '../minimize/world-reductions.ts';
import { codePlaces } from '../replay/code-places.ts';
import { locateCrash } from '../replay/locate-crash.ts';
import type { Simulation } from '../replay/simulation.ts';
import { formatClock } from '../report/durations.ts';
import { writeDurably } from '../run/durable-file.ts';
import { findRun } from '../run/find-run.ts';
import { readWorld } from '../run/read-world.ts';
import { switchesFile } from '../run/sim-run.ts';
import { readSwitches, type Switch } from '../run/switches.ts';
import type { SimWorld } from '../run/world.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { minutesOf, outputFile, positiveInteger } from './choice.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation } from './simulation.ts';

interface MinimizeOptions {
  readonly minutes: string;
  readonly workers: string;
  readonly seeds: string;
  readonly output?: string;
  readonly json?: boolean;
}

const mostWorkers = 64;
const mostSeeds = 1_000;
const describeMs = 120_000;
/** Switches that are told of. */
const mostShown = 20;

/** `ferrolab minimize`: the smallest world with the same crash. */
export function minimizeCommand(): Command {
  return new Command('minimize')
    .description('the smallest world with the same crash: faults, steps, traffic, schedule')
    .argument('<crash>', 'id of a simulated run, or its beginning, or a file with a world')
    .option('--minutes <n>', 'how long, fractions allowed; the smallest so far is kept', '30')
    .option('--workers <n>', 'worlds at the same time', '1')
    .option('--seeds <n>', 'seeds to try a world with whose crash depends on the schedule', '3')
    .option('-o, --output <file>', 'where the world goes (default: minimized.json beside the run)')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Exit status: 0 the world crashes as the one given, and is as small; 130 interrupted, or out of time: it is
smaller, and may not be the smallest; 3 what was given does not crash; 2 usage.

Example:
  ferrolab minimize 20261121T160714Z
`,
    )
    .action(async (crash: string, options: MinimizeOptions) => {
      process.exitCode = await minimize(crash, options);
    });
}

async function minimize(crash: string, options: MinimizeOptions): Promise<ExitStatus> {
  const workers = positiveInteger('workers', options.workers, mostWorkers);
  const seeds = positiveInteger('seeds', options.seeds, mostSeeds);
  const budgetMs = minutesOf(options.minutes) * 60_000;
  const since = performance.now();
  const { world: file, output } = await filesOf(crash, options.output);
  outputFile('output', output);
  const interrupted = interruptSignal();
  await using simulation = await prepareSimulation(await readWorld(file), interrupted);
  const { world } = simulation;
  const deps = {
    run: (tried: SimWorld, recordSwitches: boolean, signal: AbortSignal) =>
      trial(simulation, tried, recordSwitches, signal),
    locate: async (tried: SimWorld, signal: AbortSignal) =>
      (await locateCrash(simulation, signal, tried)).crash.instructions,
    observer: (line: string) => process.stderr.write(`${line}\n`),
    workers,
    seeds,
  };
  const budget = new AbortController();
  const timer = setTimeout(() => budget.abort(), budgetMs);
  const signal = AbortSignal.any([interrupted, budget.signal]);
  const found = await minimizeWorld(world, deps, signal).finally(() => clearTimeout(timer));
  await writeDurably(output, `${JSON.stringify(found.world, null, 2)}\n`);
  const wallMs = Math.round(performance.now() - since);
  const switches = await describe(simulation, found);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document(world, { ...found, switches }, output, wallMs))}\n`
      : summary(world, { ...found, switches }, output, wallMs),
  );
  return found.finished ? exitStatus.ok : exitStatus.interrupted;
}

/** The file with the world, and the one for the smallest. */
async function filesOf(
  crash: string,
  output: string | undefined,
): Promise<{ readonly world: string; readonly output: string }> {
  if (existsSync(crash)) return { world: crash, output: output ?? 'minimized.json' };
  const { path } = await findRun(stateDirectory().runs, crash);
  return { world: join(path, 'world.json'), output: output ?? join(path, 'minimized.json') };
}

async function trial(
  simulation: Simulation,
  world: SimWorld,
  recordSwitches: boolean,
  signal: AbortSignal,
): Promise<Trial> {
  const ran = await simulation.run(world, { signal, recordSwitches });
  const { verdict, folder, loads, virtualNs } = ran;
  const { runId, crashes, reason } = verdict;
  const told = recordSwitches && !signal.aborted;
  const switches = told ? { switches: await readSwitches(join(folder, switchesFile)) } : {};
  return { runId, title: crashes[0]?.title ?? null, reason, virtualNs, loads, ...switches };
}

/** A switch that is needed, and where the vCPU was whose turn ended. */
interface PlacedSwitch extends Switch {
  /** `null` when there was none, or nothing is known of the address. */
  readonly before: string | null;
}

/** Minimized, with places in the source. */
type Described = Omit<Minimized, 'switches'> & { readonly switches: readonly PlacedSwitch[] };

async function describe(
  { parts, world }: Simulation,
  { switches, loads }: Minimized,
): Promise<readonly PlacedSwitch[]> {
  const { vmlinux, qemu, modules } = parts;
  const ko = modules[world.driver.name];
  const objects = {
    ...{ vmlinux, toolchain: qemu.toolchainRoot },
    ...(ko === undefined ? {} : { module: { ko, loads } }),
  };
  // Also of what an interrupted search has found.
  const wait: Wait = { signal: new AbortController().signal, deadline: Deadline.after(describeMs) };
  const places = await codePlaces([...new Set(switches.map(({ next }) => next))], objects, wait);
  return switches.map((one) => ({ ...one, before: places.get(one.next) ?? null }));
}

/** What a world has of what can be left out. */
function sizes(world: SimWorld) {
  const { plan, workload, schedule } = world;
  const { deviceFaults = [], atEnd, rounds } = workload.params;
  const trafficMs = rounds
    .flatMap(({ steps }) => steps)
    .reduce((ms, step) => (step.step === 'traffic' ? ms + step.trafficMs : ms), 0);
  return {
    faults: plan.length + deviceFaults.length,
    steps: stepsOf(world).length,
    endChecks: atEnd.length,
    trafficMs,
    schedule: schedule.policy,
    switches: schedule.policy === 'list' ? schedule.turns.length : null,
  };
}

/** What `--json` prints. */
function document(before: SimWorld, found: Described, output: string, wallMs: number) {
  const { world, title, trials, others, finished, switches } = found;
  return {
    title,
    file: output,
    finished,
    trials,
    wallMs,
    before: sizes(before),
    after: sizes(world),
    switches,
    otherCrashes: Object.fromEntries(others),
  };
}

function summary(before: SimWorld, found: Described, output: string, wallMs: number): string {
  const { world, title, trials, others, finished, switches } = found;
  const was = sizes(before);
  const is = sizes(world);
  const line = (what: string, from: string | number, to: string | number) =>
    `  ${what.padEnd(16)}${String(from).padStart(8)}  ->  ${to}`;
  const inFull = (schedule: string, switches: number | null) =>
    switches === null ? schedule : `${switches} switches`;
  return [
    title,
    line('faults', was.faults, is.faults),
    line('steps', was.steps, is.steps),
    line('checks at end', was.endChecks, is.endChecks),
    line('traffic', `${was.trafficMs} ms`, `${is.trafficMs} ms`),
    line('schedule', inFull(was.schedule, was.switches), inFull(is.schedule, is.switches)),
    `${trials} runs in ${formatClock(wallMs)}${finished ? '' : '; cut short, it may be smaller yet'}`,
    ...switches.slice(0, mostShown).map(switchText),
    ...(switches.length > mostShown ? [`and ${switches.length - mostShown} more`] : []),
    ...[...others].map(([other, run]) => `another crash on the way: ${other} (run ${run})`),
    `ferrolab run ${output}`,
    '',
  ].join('\n');
}

function switchText({ at, cpu, next, before }: PlacedSwitch): string {
  const where = before ?? `0x${next}`;
  return `  at instruction ${at} vCPU ${cpu} has its turn, before ${where} is executed`;
}
