// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import { chooseTarget, chooseWorkload } from '../config/choose.ts';
import type { TargetConfig } from '../config/define-lab.ts';
import { loadConfig } from '../config/load-config.ts';
import { type Defect, loadCatalogue, loadChosenDefects } from '../defects/catalogue.ts';
import { catalogueListing, listingText } from '../defects/catalogue-listing.ts';
import { checkProfiles, runCatalogue } from '../defects/catalogue-run.ts';
import { DriverTrials } from '../defects/driver-trials.ts';
import type { HuntGround } from '../defects/hunter.ts';
import { loadPatchFolder } from '../defects/patch-folder.ts';
import { findingsDocument, findingsExitStatus, runPatches } from '../defects/patch-run.ts';
import { scoreboardDocument, scoreboardExitStatus } from '../defects/scoreboard.ts';
import { scoreboardMarkdown, scoreboardPage } from '../defects/scoreboard-page.ts';
import { findingsText, scoreboardText } from '../defects/scoreboard-text.ts';
import { HuntStore } from '../defects/stored-hunt.ts';
import { UsageError } from '../errors.ts';
import { gatherMachineParts } from '../soak/soak-parts.ts';
import { reconcile } from '../store/reconcile.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { type AcceleratorChoice, acceleratorChoices } from '../vm/choose-accelerator.ts';
import { acceleratorOf } from './accelerator.ts';
import { oneOf, positiveInteger, seedOf } from './choice.ts';
import { interruptSignal } from './signals.ts';
import { templatesInCache } from './templates.ts';

interface DefectsOptions {
  readonly only?: string;
  readonly driver?: string;
  readonly from?: string;
  readonly workload?: string;
  readonly minutes: string;
  readonly cleanMinutes: string;
  readonly seed: string;
  readonly workers: string;
  readonly accel: string;
  readonly fresh?: boolean;
  readonly cold?: boolean;
  readonly stored?: boolean;
  readonly write?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** What the command line asks for, checked. */
interface Request {
  readonly target: TargetConfig;
  readonly drivers: readonly OwnDriver[];
  readonly budgetMs: number;
  readonly cleanBudgetMs: number;
  readonly seed: number;
  readonly workers: number;
  readonly accel: AcceleratorChoice;
  readonly fresh: boolean;
  readonly cold: boolean;
}

const targetName = 'ferronic';
const driverNames = Object.keys(ownDrivers) as OwnDriver[];
const mostMinutes = 60 * 24;
const mostWorkers = 64;

/** `ferrolab defects`: the catalogue of mistakes in both languages, built, run, and scored. */
export function defectsCommand(): Command {
  return new Command('defects')
    .description('build and run the catalogue of mistakes in C and in Rust; the scoreboard')
    .option('--only <names>', 'only these defects, separated by commas')
    .option('--driver <name>', `only this driver: ${driverNames.join(' or ')}`)
    .option(
      '--from <folder>',
      'no catalogue: every patch below this folder, saying only what crashed',
    )
    .option(
      '--workload <names>',
      'with --from: these workloads in turn (default: those of the target for the unknown)',
    )
    .option('--minutes <n>', 'budget of each defect, wall time', '10')
    .option('--clean-minutes <n>', 'budget of each clean driver and workload; 0: none', '3')
    .option('--seed <n>', 'seed of the first run of each defect', '1')
    .option('--workers <n>', 'guests at the same time', '1')
    .option('--accel <name>', acceleratorChoices.join(', '), 'auto')
    .option('--cold', 'boot each guest, instead of forking one that has booted')
    .option('--fresh', 'run again what has a result already')
    .option('--stored', 'run nothing: show the results there are')
    .option(
      '--write',
      `write ${scoreboardPage}, with earlier results of the defects that are not run`,
    )
    .option('--list', 'show the catalogue and what each mistake is to lead to; run nothing')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Exit status: 0 all as the manifests say; 1 not so, or a clean driver was blamed (with --from: something
crashed); 2 usage; 3 the lab could not find out; 130 interrupted, results kept: the same command goes on.

Example:
  ferrolab defects --only work-uaf,irq-lock-left-held --minutes 5
`,
    )
    .action(async (options: DefectsOptions) => {
      process.exitCode = await defects(options);
    });
}

async function defects(options: DefectsOptions): Promise<number> {
  const root = projectRoot();
  const request = await check(options, root);
  if (options.from !== undefined) {
    return await fromFolder(options.from, options, request, root);
  }
  const names = options.only?.split(',').map((name) => name.trim());
  const chosen = names === undefined ? loadCatalogue(root) : loadChosenDefects(root, names);
  // The page has all of them, whatever is run.
  const shown = options.write ? loadCatalogue(root) : chosen;
  checkProfiles(shown, request.target);
  if (options.list) {
    const listing = catalogueListing(chosen);
    process.stdout.write(
      options.json ? `${JSON.stringify(listing)}\n` : `${listingText(listing)}\n`,
    );
    return 0;
  }
  return await fromCatalogue(shown, chosen, options, request, root);
}

async function check(options: DefectsOptions, root: string): Promise<Request> {
  const lab = await loadConfig(root);
  return {
    target: chooseTarget(lab, targetName),
    drivers:
      options.driver === undefined ? driverNames : [oneOf('driver', options.driver, driverNames)],
    budgetMs: minutes('minutes', options.minutes) * 60_000,
    cleanBudgetMs: minutes('clean-minutes', options.cleanMinutes) * 60_000,
    seed: seedOf(options.seed),
    workers: positiveInteger('workers', options.workers, mostWorkers),
    accel: oneOf('accelerator', options.accel, acceleratorChoices),
    fresh: options.fresh ?? false,
    cold: options.cold ?? false,
  };
}

async function fromCatalogue(
  shown: readonly Defect[],
  chosen: readonly Defect[],
  options: DefectsOptions,
  request: Request,
  root: string,
): Promise<number> {
  const { drivers, budgetMs, cleanBudgetMs } = request;
  const board = await withGround(request, root, (trials, ground) =>
    runCatalogue(
      {
        defects: shown,
        running: new Set(options.stored ? [] : chosen.map(({ manifest }) => manifest.name)),
        drivers,
        budgetMs,
        cleanBudgetMs,
      },
      trials,
      ground,
    ),
  );
  if (options.write && !board.interrupted) {
    await writeFile(join(root, scoreboardPage), scoreboardMarkdown(board));
  }
  process.stdout.write(
    options.json ? `${JSON.stringify(scoreboardDocument(board))}\n` : `${scoreboardText(board)}\n`,
  );
  return scoreboardExitStatus(board);
}

async function fromFolder(
  folder: string,
  options: DefectsOptions,
  request: Request,
  root: string,
): Promise<number> {
  const { target, drivers, budgetMs } = request;
  const patches = loadPatchFolder(folder).filter(({ driver }) => drivers.includes(driver));
  const names = options.workload?.split(',') ?? target.search ?? Object.keys(target.workloads);
  const profiles = Object.fromEntries(names.map((name) => [name, chooseWorkload(target, name)]));
  const { findings, interrupted } = await withGround(request, root, async (trials, ground) => ({
    findings: await runPatches(patches, profiles, budgetMs, trials, ground),
    interrupted: ground.signal.aborted,
  }));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(findingsDocument(findings, interrupted))}\n`
      : `${findingsText(findings)}\n`,
  );
  return findingsExitStatus(findings, interrupted);
}

/** Opens what hunts need, and closes it after `work`. */
async function withGround<T>(
  request: Request,
  root: string,
  work: (trials: DriverTrials, ground: HuntGround) => Promise<T>,
): Promise<T> {
  const signal = interruptSignal();
  const state = stateDirectory();
  await using store = await ResultStore.open(state, { signal });
  await reconcile(state, store);
  const progress = new StreamProgress(process.stderr);
  const options = { wait: { signal, deadline: Deadline.never } satisfies Wait, progress };
  let machine: ReturnType<HuntGround['machine']> | undefined;
  const { target, seed, workers, fresh } = request;
  try {
    return await work(new DriverTrials(options), {
      targetName,
      target,
      seed,
      workers,
      fresh,
      keep: { state, store },
      templates: request.cold ? null : templatesInCache,
      hunts: new HuntStore(state, root),
      stream: process.stderr,
      signal,
      machine: () => {
        machine ??= gatherMachine(request, options);
        return machine;
      },
    });
  } finally {
    progress.close();
  }
}

async function gatherMachine(
  request: Request,
  options: { readonly wait: Wait; readonly progress: StreamProgress },
) {
  const parts = await gatherMachineParts('debug', options);
  const accel = await acceleratorOf(request.accel, parts, options.wait.signal);
  return { parts, accel };
}

function minutes(option: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const least = option === 'minutes' ? Number.MIN_VALUE : 0;
  if (value >= least && value <= mostMinutes) return value;
  throw new UsageError('BAD_NUMBER', `--${option} ${text} is not a number of minutes`, {
    remedy: `Give a number of at most ${mostMinutes}.`,
  });
}
