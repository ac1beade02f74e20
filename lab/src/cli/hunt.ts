// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { projectRoot } from '../artifacts/project-root.ts';
import { type KernelFlavour, kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { chooseDriver, chooseTarget } from '../config/choose.ts';
import { loadConfig } from '../config/load-config.ts';
import type { CoverageReport, DriverCoverage } from '../coverage/driver-coverage.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import type { Simulation } from '../replay/simulation.ts';
import { formatClock } from '../report/durations.ts';
import { findRun } from '../run/find-run.ts';
import type { WorldDraft } from '../run/read-world.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { Schedule, SimWorld } from '../run/world.ts';
import { noteReproduction, readLiveCrash } from '../soak/from-live.ts';
import { type HuntedWorld, type HuntState, hunt } from '../soak/hunt.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { textTable } from '../text-table.ts';
import { minutesOf, oneOf, positiveInteger, seedOf } from './choice.ts';
import { blocksFile, coverageText } from './coverage-text.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation } from './simulation.ts';

interface HuntOptions {
  readonly minutes: string;
  readonly target: string;
  readonly driver: string;
  readonly defect?: string;
  readonly kernel: string;
  readonly workload: string;
  readonly policy: string;
  readonly workers: string;
  readonly seed?: string;
  readonly first?: boolean;
  readonly from?: string;
  readonly coverage: boolean;
  readonly json?: boolean;
}

const policies = ['fair', 'random', 'pct'] as const;
const schedules: Readonly<Record<(typeof policies)[number], Schedule>> = {
  fair: { policy: 'fair' },
  random: { policy: 'random', sliceMax: 20_000 },
  pct: { policy: 'pct', depth: 3, horizon: 10_000_000_000 },
};
const memoryMiB = { fast: 256, debug: 512 } as const;
const mostWorkers = 256;

/** `ferrolab hunt`: simulated worlds of one scenario over many seeds; each crash comes back by `repro`. */
export function huntCommand(): Command {
  return new Command('hunt')
    .description('run simulated worlds over many seeds; each crash comes back with repro')
    .option('--minutes <n>', 'how long, fractions allowed', '5')
    .option('--target <name>', 'entry of lab.config.ts', 'ferronic')
    .option('--driver <name>', 'driver of the target', 'rust')
    .option('--defect <name>', 'build this defect of the catalogue into the driver')
    .option('--kernel <flavour>', kernelFlavours.join(' or '), 'debug')
    .option('--workload <name>', 'workload of the target', 'traffic-churn')
    .option('--policy <name>', `which vCPU runs when: ${policies.join(', ')}`, 'random')
    .option('--workers <n>', 'worlds at the same time (default: as many as cores)', '')
    .option('--seed <n>', 'seed of all worlds (default: a new one, printed)')
    .option('--first', 'end with the first crash')
    .addOption(
      new Option(
        '--from <run>',
        'look for the crash of this live run: its steps and faults, other schedules',
      ).conflicts(['target', 'driver', 'defect', 'kernel', 'workload', 'first']),
    )
    .option('--no-coverage', 'only worlds drawn from seeds, whatever they reach of the driver')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Examples:
  ferrolab hunt --driver c --defect work-uaf --policy pct --first --minutes 10
  ferrolab hunt --from 20261121T182157Z --minutes 30
`,
    )
    .action(async (options: HuntOptions) => {
      process.exitCode = await run(options);
    });
}

async function run(options: HuntOptions): Promise<ExitStatus> {
  const plan = {
    seed: options.seed === undefined ? randomInt(maxSeed + 1) : seedOf(options.seed),
    workers:
      options.workers === ''
        ? availableParallelism()
        : positiveInteger('workers', options.workers, mostWorkers),
    budgetMs: minutesOf(options.minutes) * 60_000,
  };
  const signal = interruptSignal();
  const schedule = schedules[oneOf('policy', options.policy, policies)];
  const folder =
    options.from === undefined ? undefined : await findRun(stateDirectory().runs, options.from);
  const live = folder === undefined ? undefined : await readLiveCrash(folder, schedule);
  const draft = live?.draft ?? (await draftOf(options, plan.seed, schedule));
  await using simulation = await prepareSimulation(draft, signal);
  process.stderr.write(
    `hunt in ${draft.driver.name}${draft.driver.defect === null ? '' : ` with ${draft.driver.defect}`}, workload ${draft.workload.name}, ${draft.schedule.policy} turns, seed ${plan.seed}, ${plan.workers} at a time\n`,
  );
  const coverage = options.coverage ? await simulation.coverage(signal) : undefined;
  const deps = {
    draw: (seed: number) =>
      live === undefined ? simulation.withSeed(seed) : { ...simulation.world, seed },
    run: async (world: SimWorld, stop: AbortSignal) => {
      const ran = await huntIn(simulation, world, coverage, stop);
      // The steps and faults of a live crash stay as they are: nothing is made from what reaches more.
      return live === undefined ? ran : { ...ran, reachedNew: false };
    },
    observer: (state: HuntState) => process.stderr.write(`${progress(state, coverage)}\n`),
  };
  const enough = (title: string) =>
    live === undefined ? options.first === true : title === live.title;
  const state = await hunt({ ...plan, enough }, deps, signal);
  const { fruitless } = state;
  if (folder !== undefined && live !== undefined) await tellReproduction(folder, live.title, state);
  const report = coverage?.report();
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document(plan.seed, state, report))}\n`
      : `${summary(state, coverage)}\n`,
  );
  if (signal.aborted) return exitStatus.interrupted;
  if (state.crashes.length > 0) return exitStatus.driverFailed;
  return state.runs > 0 && sum(fruitless) < state.runs ? exitStatus.ok : exitStatus.labFailed;
}

/** Says, and notes beside the live run, whether its crash came in a simulated world. */
async function tellReproduction(folder: RunFolder, title: string, state: HuntState): Promise<void> {
  const found = state.crashes.find((crash) => crash.title === title);
  const head = { version: 1, title, worlds: state.runs } as const;
  await noteReproduction(
    folder,
    found === undefined
      ? { ...head, reproduced: false }
      : { ...head, reproduced: true, runId: found.runId },
  );
  process.stderr.write(
    found === undefined
      ? `not reproduced in ${state.runs} worlds: ${title}\n`
      : `reproduced: sim world of run ${found.runId}: ${title}\n`,
  );
}

/** Runs a world, and sees what of the driver it reaches that none did before. */
async function huntIn(
  simulation: Simulation,
  world: SimWorld,
  coverage: DriverCoverage | undefined,
  signal: AbortSignal,
): Promise<HuntedWorld> {
  if (coverage === undefined) {
    return { ...(await simulation.run(world, { signal })), reachedNew: false };
  }
  const ran = await simulation.run(world, { signal, driverTrace: { blocks: blocksFile } });
  const file = join(ran.folder, blocksFile);
  // A QEMU that did not end in order has written nothing.
  const executed = await readFile(file, 'utf8').catch(() => '');
  const reachedNew = coverage.add(executed, ran.loads);
  // Another run of the same world writes it again.
  await rm(file, { force: true });
  return { ...ran, reachedNew };
}

/** What `--json` prints. */
function document(seed: number, state: HuntState, report: CoverageReport | undefined) {
  const { fruitless, ...rest } = state;
  const coverage = report === undefined ? {} : { coverage: report };
  return { seed, ...rest, fruitless: Object.fromEntries(fruitless), ...coverage };
}

async function draftOf(
  options: HuntOptions,
  seed: number,
  schedule: Schedule,
): Promise<WorldDraft> {
  const target = chooseTarget(await loadConfig(projectRoot()), options.target);
  const kernel = oneOf<KernelFlavour>('kernel', options.kernel, kernelFlavours);
  return {
    version: 1,
    machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'sim', kernel },
    target: options.target,
    driver: {
      name: chooseDriver(target, options.driver).module,
      defect: options.defect ?? null,
    },
    workload: { name: options.workload },
    seed,
    schedule,
  };
}

function progress(
  { runs, wallMs, virtualNs, crashes, kept }: HuntState,
  coverage: DriverCoverage | undefined,
): string {
  const perMinute = (runs / (wallMs / 60_000)).toFixed(1);
  const hours = (virtualNs / 3.6e12).toFixed(2);
  const reached =
    coverage === undefined
      ? ''
      : `, ${coverage.branches.reached} of ${coverage.branches.all} branches, ${kept} worlds kept`;
  const titles = crashes.map(({ title, runs: times }) => `${times} × ${title}`).join('; ');
  return `  ${formatClock(wallMs)}  ${runs} runs, ${perMinute} a minute, ${hours} virtual hours${reached}${titles === '' ? '' : ` | ${titles}`}`;
}

function summary(state: HuntState, coverage: DriverCoverage | undefined): string {
  const { crashes, fruitless } = state;
  const lines = coverage === undefined ? [] : [coverageText(coverage.report())];
  lines.push(progress(state, coverage).trim());
  for (const [reason, times] of fruitless) lines.push(`${times} tested nothing: ${reason}`);
  if (crashes.length === 0) return [...lines, 'no crash'].join('\n');
  const rows = crashes.map(({ title, runs, afterRuns, afterMs, runId }) => [
    title,
    String(runs),
    `${afterRuns} runs, ${formatClock(afterMs)}`,
    `npm run lab:repro -- ${runId}`,
  ]);
  return [...lines, ...textTable(['crash', 'runs', 'first after', 'comes back with'], rows)].join(
    '\n',
  );
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
