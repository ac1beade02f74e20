// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { projectRoot } from '../artifacts/project-root.ts';
import { type KernelFlavour, kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { chooseDefect, chooseDriver, chooseTarget, listDefects } from '../config/choose.ts';
import { loadConfig } from '../config/load-config.ts';
import { loadChosenDefects } from '../defects/catalogue.ts';
import { workloadOfDefect } from '../defects/defect-workload.ts';
import { type ExitStatus, exitStatus, LabFailure, UsageError } from '../errors.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import { findRun } from '../run/find-run.ts';
import type { RunFolder } from '../run/run-folder.ts';
import type { Schedule } from '../run/world.ts';
import { noteReproduction, readLiveCrash } from '../soak/from-live.ts';
import { memoryMiB } from '../soak/guest-machine.ts';
import type { HuntState } from '../soak/hunt-tally.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { minutesOf, oneOf, positiveInteger, seedOf } from './choice.ts';
import { huntLive } from './hunt-live.ts';
import { type Hunted, type HuntSettings, huntScenario, type Scenario } from './hunt-scenario.ts';
import { huntDocument, huntHeading, huntProgress, huntSummary, huntsTable } from './hunt-text.ts';
import { interruptSignal } from './signals.ts';

interface HuntOptions {
  readonly minutes: string;
  readonly seconds: string;
  readonly target: string;
  readonly driver: string;
  readonly defect?: string;
  readonly kernel: string;
  readonly workload?: string;
  readonly policy: string;
  readonly workers: string;
  readonly seed?: string;
  readonly first?: boolean;
  readonly from?: string;
  readonly coverage: boolean;
  readonly json?: boolean;
}

const policies = ['fair', 'random', 'pct'] as const;
const ways = [...policies, 'live'] as const;
const schedules: Readonly<Record<(typeof policies)[number], Schedule>> = {
  fair: { policy: 'fair' },
  random: { policy: 'random', sliceMax: 20_000 },
  pct: { policy: 'pct', depth: 3, horizon: 10_000_000_000 },
};
const mostWorkers = 256;
const mostSeconds = 86_400;

/** `ferrolab hunt`: simulated worlds of one scenario over many seeds; each crash comes back by `repro`. */
export function huntCommand(): Command {
  return new Command('hunt')
    .description('run simulated worlds over many seeds; each crash comes back with repro')
    .option('--minutes <n>', 'how long, fractions allowed; of several hunts each', '5')
    .option('--target <name>', 'entry of lab.config.ts', 'ferronic')
    .option('--driver <name>', 'driver of the target', 'rust')
    .option(
      '--defect <names>',
      'build this defect of the catalogue into the driver; several: one after the other; or all',
    )
    .option('--kernel <flavour>', kernelFlavours.join(' or '), 'debug')
    .option('--workload <name>', "workload of the target (default: the defect's, or traffic-churn)")
    .option(
      '--policy <names>',
      `which vCPU runs when: ${policies.join(', ')}; or live, all in parallel, as in a soak; several: one after the other`,
      'random',
    )
    .option(
      '--seconds <n>',
      'virtual time after which a world begins no other round (not with --from, nor live)',
      '15',
    )
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
Each crash is run again at once. Exit status: 0 no crash; 1 crashes, all of which came back; 3 one did not, or
nothing was tested; 130 interrupted; 2 usage.

Examples:
  ferrolab hunt --driver c --defect work-uaf --policy pct --first --minutes 10
  ferrolab hunt --driver c --defect work-uaf,timer-uaf --policy live,fair,random,pct --first
  ferrolab hunt --driver c --defect all --first --minutes 1
  ferrolab hunt --from 20261121T182157Z --minutes 30
`,
    )
    .action(async (options: HuntOptions) => {
      process.exitCode = await run(options);
    });
}

async function run(options: HuntOptions): Promise<ExitStatus> {
  const settings: HuntSettings = {
    seed: options.seed === undefined ? randomInt(maxSeed + 1) : seedOf(options.seed),
    workers:
      options.workers === ''
        ? availableParallelism()
        : positiveInteger('workers', options.workers, mostWorkers),
    budgetMs: minutesOf(options.minutes) * 60_000,
    first: options.first === true,
    coverage: options.coverage,
    churnMs: positiveInteger('seconds', options.seconds, mostSeconds) * 1_000,
  };
  const signal = interruptSignal();
  const chosen = options.policy.split(',').map((name) => oneOf('policy', name, ways));
  const { from } = options;
  if (from !== undefined) {
    const [policy, another] = chosen;
    if (policy === undefined || policy === 'live' || another !== undefined) {
      throw new UsageError(
        'ONE_POLICY',
        '--policy: with --from there can be one only, of simulated worlds',
        {
          remedy: `Choose from: ${policies.join(', ')}.`,
        },
      );
    }
    return await huntFrom(from, schedules[policy], settings, options, signal);
  }
  const scenarios = await scenariosOf(options, settings.seed, chosen);
  const [scenario, ...others] = scenarios;
  if (scenario === undefined) {
    throw new UsageError('NO_DEFECTS', `--defect: the driver '${options.driver}' has none`, {
      remedy: 'Leave it out.',
    });
  }
  if (others.length > 0) return await huntAll(scenarios, settings, options, signal);
  const hunted = await huntIn(scenario, settings, signal);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ seed: settings.seed, ...huntDocument(hunted) })}\n`
      : `${huntSummary(hunted, scenario.live)}\n`,
  );
  return statusOf([hunted.state], signal);
}

async function huntIn(
  scenario: Scenario,
  settings: HuntSettings,
  signal: AbortSignal,
): Promise<Hunted> {
  process.stderr.write(`${huntHeading(scenario, settings)}\n`);
  const how = scenario.live ? huntLive : huntScenario;
  return await how(
    scenario,
    settings,
    (state, coverage) => process.stderr.write(`${huntProgress(state, coverage)}\n`),
    signal,
  );
}

/** One hunt after the other. */
async function huntAll(
  scenarios: readonly Scenario[],
  settings: HuntSettings,
  { json }: HuntOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const hunts: { readonly scenario: Scenario; readonly hunted: Hunted }[] = [];
  let failed = false;
  for (const scenario of scenarios) {
    if (signal.aborted) break;
    try {
      hunts.push({ scenario, hunted: await huntIn(scenario, settings, signal) });
    } catch (error) {
      if (!(error instanceof LabFailure) && !signal.aborted) throw error;
      // What the others have found is worth something.
      failed = true;
      if (!signal.aborted) process.stderr.write(`${String(error)}\n`);
    }
  }
  const { seed } = settings;
  process.stdout.write(
    json
      ? `${JSON.stringify({ seed, hunts: hunts.map(({ scenario, hunted }) => ({ ...nameOf(scenario), ...huntDocument(hunted) })) })}\n`
      : `${huntsTable(hunts)}\n`,
  );
  const status = statusOf(
    hunts.map(({ hunted }) => hunted.state),
    signal,
  );
  return failed && !signal.aborted ? exitStatus.labFailed : status;
}

function nameOf({ draft, live }: Scenario) {
  const { driver, workload, schedule } = draft;
  const turns = live ? { mode: 'live' } : { mode: 'sim', schedule };
  return { ...{ driver: driver.name, defect: driver.defect }, workload: workload.name, ...turns };
}

/** Looks for the crash of a live run, and notes beside it what came of that. */
async function huntFrom(
  from: string,
  schedule: Schedule,
  settings: HuntSettings,
  { json }: HuntOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const folder = await findRun(stateDirectory().runs, from);
  const { title, draft } = await readLiveCrash(folder, schedule);
  const hunted = await huntIn({ draft, title }, settings, signal);
  await tellReproduction(folder, title, hunted.state);
  process.stdout.write(
    json
      ? `${JSON.stringify({ seed: settings.seed, ...huntDocument(hunted) })}\n`
      : `${huntSummary(hunted)}\n`,
  );
  return statusOf([hunted.state], signal);
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

function statusOf(states: readonly HuntState[], signal: AbortSignal): ExitStatus {
  if (signal.aborted) return exitStatus.interrupted;
  const crashes = states.flatMap((state) => state.crashes);
  if (crashes.some(({ comesBack }) => comesBack === false)) return exitStatus.labFailed;
  if (crashes.length > 0) return exitStatus.driverFailed;
  const tested = states.some(({ runs, fruitless }) => sum(fruitless) < runs);
  return tested ? exitStatus.ok : exitStatus.labFailed;
}

/** Each of the chosen defects with each schedule. */
async function scenariosOf(
  options: HuntOptions,
  seed: number,
  chosen: readonly (typeof ways)[number][],
): Promise<readonly Scenario[]> {
  const root = projectRoot();
  const target = chooseTarget(await loadConfig(root), options.target);
  const driver = chooseDriver(target, options.driver);
  const kernel = oneOf<KernelFlavour>('kernel', options.kernel, kernelFlavours);
  const { defect: names, workload: wanted } = options;
  const defects: readonly (string | null)[] =
    names === undefined
      ? [null]
      : names === 'all'
        ? listDefects(root, driver)
        : names.split(',').map((name) => chooseDefect(root, driver, name));
  return defects.flatMap((defect) => {
    const [catalogued] = defect === null ? [] : loadChosenDefects(root, [defect]);
    const own =
      catalogued === undefined ? undefined : workloadOfDefect(catalogued.manifest, target);
    const workload = { name: wanted ?? own?.name ?? 'traffic-churn' };
    return chosen.map((way) => ({
      live: way === 'live',
      draft: {
        version: 1,
        machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'sim', kernel },
        target: options.target,
        driver: { name: driver.module, defect },
        workload,
        seed,
        schedule: schedules[way === 'live' ? 'fair' : way],
      },
    }));
  });
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
