// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { type KernelFlavour, kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { chooseDefect, chooseDriver, chooseTarget, chooseWorkload } from '../config/choose.ts';
import { loadConfig } from '../config/load-config.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import { soakDocument } from '../report/soak-document.ts';
import { soakExitStatus } from '../report/soak-exit-status.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { type SoakRequest, soakLive } from '../soak/live-soak.ts';
import { SoakProgress } from '../soak/progress.ts';
import { gatherSoakParts, type SoakParts } from '../soak/soak-parts.ts';
import { reconcile } from '../store/reconcile.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { type AcceleratorChoice, acceleratorChoices } from '../vm/choose-accelerator.ts';
import { acceleratorOf } from './accelerator.ts';
import { minutesOf, oneOf, positiveInteger, seedOf } from './choice.ts';
import { interruptSignal } from './signals.ts';
import { templatesInCache } from './templates.ts';

interface SoakOptions {
  readonly minutes: string;
  readonly target: string;
  readonly driver: string;
  readonly defect?: string;
  readonly kernel: string;
  readonly accel: string;
  readonly workload: string;
  readonly workers: string;
  readonly seed?: string;
  readonly cold?: boolean;
  readonly json?: boolean;
}

/** A request before it is known which accelerator runs here. */
type UncheckedRequest = Omit<SoakRequest, 'accel'> & { readonly accel: AcceleratorChoice };

const mostWorkers = 256;

/** `ferrolab soak`: breaks a driver on purpose for a while, writes every crash down, reports an MTBF. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('inject faults into fresh guests for some minutes; crashes and MTBF')
    .option('--minutes <n>', 'how long, fractions allowed', '5')
    .option('--target <name>', 'entry of lab.config.ts', 'ferronic')
    .option('--driver <name>', 'driver of the target', 'rust')
    .option('--defect <name>', 'build this defect of the catalogue into the driver')
    .option('--kernel <flavour>', kernelFlavours.join(' or '), 'debug')
    .option('--accel <name>', acceleratorChoices.join(', '), 'auto')
    .option('--workload <name>', 'workload of the target', 'traffic-churn')
    .option('--workers <n>', 'guests at the same time', '1')
    .option('--seed <n>', 'seed of all faults and workloads (default: a new one, printed)')
    .option('--cold', 'boot each guest, instead of forking one that has booted')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab soak --minutes 5 --driver c --defect work-uaf\n')
    .action(async (options: SoakOptions) => {
      process.exitCode = await soak(await check(options), options);
    });
}

async function check(options: SoakOptions): Promise<UncheckedRequest> {
  const root = projectRoot();
  const lab = await loadConfig(root);
  const target = chooseTarget(lab, options.target);
  const driver = chooseDriver(target, options.driver);
  chooseWorkload(target, options.workload, { driver, mode: 'live' });
  return {
    targetName: options.target,
    target,
    driverName: options.driver,
    driver,
    defect: options.defect === undefined ? null : chooseDefect(root, driver, options.defect),
    workloadName: options.workload,
    kernel: oneOf<KernelFlavour>('kernel', options.kernel, kernelFlavours),
    accel: oneOf('accelerator', options.accel, acceleratorChoices),
    seed: options.seed === undefined ? randomInt(maxSeed + 1) : seedOf(options.seed),
    workers: positiveInteger('workers', options.workers, mostWorkers),
    budgetMs: minutesOf(options.minutes) * 60_000,
  };
}

async function soak(
  request: UncheckedRequest,
  { cold, json }: Pick<SoakOptions, 'cold' | 'json'>,
): Promise<number> {
  const signal = interruptSignal();
  const parts = await gather(request, signal);
  const accel = await acceleratorOf(request.accel, parts, signal);
  const state = stateDirectory();
  await using store = await ResultStore.open(state);
  const { recovered, lost, unreadable } = await reconcile(state, store);
  using progress = new SoakProgress(process.stderr, request.budgetMs);
  const { seed, driverName, defect, kernel } = request;
  progress.line(
    `soak of driver ${driverName}${defect === null ? '' : ` with defect ${defect}`}, ${kernel} kernel, ${accel}, seed ${seed}`,
  );
  if (recovered.length + lost.length + unreadable.length > 0) {
    progress.line(
      `earlier runs: ${recovered.length} verdicts recovered, ${lost.length} lost with their harness, ${unreadable.length} unreadable`,
    );
  }
  const templates = cold ? null : templatesInCache((what) => progress.line(what));
  const keep = { state, store, templates };
  const summary = await soakLive({ ...request, accel }, parts, keep, progress, signal);
  progress[Symbol.dispose]();
  process.stdout.write(
    json ? `${JSON.stringify(soakDocument(summary))}\n` : `${terminalSummary(summary)}\n`,
  );
  return soakExitStatus(summary);
}

async function gather(request: UncheckedRequest, signal: AbortSignal): Promise<SoakParts> {
  const progress = new StreamProgress(process.stderr);
  try {
    const wait: Wait = { signal, deadline: Deadline.never };
    return await gatherSoakParts(request.kernel, request.driver, request.defect, {
      wait,
      progress,
    });
  } finally {
    progress.close();
  }
}
