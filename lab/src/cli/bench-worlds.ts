// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { type KernelFlavour, kernelFlavours } from '../artifacts/recipes/kernel.ts';
import {
  measureWorlds,
  rateText,
  type WorldRun,
  type WorldsPlan,
  type WorldsReport,
} from '../bench/worlds.ts';
import { LabFailure } from '../errors.ts';
import type { WorldDraft } from '../run/read-world.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { RoundParams, SimWorld } from '../run/world.ts';
import { memoryMiB } from '../soak/guest-machine.ts';
import { oneOf, positiveInteger } from './choice.ts';
import { interruptible } from './signals.ts';
import { prepareSimulation } from './simulation.ts';

interface WorldsOptions {
  readonly kernel: string;
  readonly seconds: string;
  readonly repeats: string;
  readonly boots: string;
  readonly seeds: string;
  readonly workers: string;
  readonly json?: boolean;
}

const most = 100_000;
const mostWorkers = 256;
/** A little of what workloads do. */
const busyRounds: readonly RoundParams[] = [
  {
    steps: [
      { step: 'traffic', trafficMs: 1_000 },
      { step: 'unload', how: 'rmmod' },
      { step: 'bind' },
      { step: 'open' },
    ],
  },
];

/** `ferrolab bench worlds`: what simulated worlds cost, and whether they do the same each time. */
export function worldsCommand(): Command {
  return new Command('worlds')
    .description('forks of a saved machine against boots, and whether both do the same each time')
    .option('--kernel <flavour>', kernelFlavours.join(' or '), 'debug')
    .option('--seconds <n>', 'how long forks are counted, and how long boots', '60')
    .option('--repeats <n>', 'runs of one world that are compared', '20')
    .option('--boots <n>', 'boots of one machine that are compared', '4')
    .option('--seeds <n>', 'schedules that are compared', '20')
    .option('--workers <n>', 'at the same time (default: as many as cores)', '')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nExample:\n  ferrolab bench worlds --kernel fast --repeats 100 --boots 100\n',
    )
    .action(async (options: WorldsOptions) => {
      await interruptible((signal) => benchWorlds(options, signal));
    });
}

async function benchWorlds(options: WorldsOptions, signal: AbortSignal): Promise<void> {
  const kernel = oneOf<KernelFlavour>('kernel', options.kernel, kernelFlavours);
  const plan: WorldsPlan = {
    workers:
      options.workers === ''
        ? availableParallelism()
        : positiveInteger('workers', options.workers, mostWorkers),
    seconds: positiveInteger('seconds', options.seconds, most),
    repeats: positiveInteger('repeats', options.repeats, most),
    boots: positiveInteger('boots', options.boots, most),
    seeds: positiveInteger('seeds', options.seeds, most),
  };
  await using simulation = await prepareSimulation(draftOf(kernel), signal);
  const idle = withRounds(simulation.world, []);
  const busy = withRounds(simulation.world, busyRounds);
  const report = await measureWorlds(plan, {
    runIdle: async () => worldRun(await simulation.run(idle)),
    runBusy: async (seed) => worldRun(await simulation.run({ ...busy, seed })),
    boot: (seed) => simulation.boot({ ...busy, seed }),
    observer: (line) => process.stderr.write(`  ${line}\n`),
    signal,
  });
  const header = { bench: 'worlds', kernel, ...plan };
  process.stdout.write(
    options.json ? `${JSON.stringify({ ...header, ...report })}\n` : text(kernel, plan, report),
  );
}

function draftOf(kernel: KernelFlavour): WorldDraft {
  return {
    version: 1,
    machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'sim', kernel },
    target: 'ferronic',
    driver: { name: 'ferronic_c', defect: null },
    workload: { name: 'traffic-churn' },
    plan: [],
    seed: 1,
    schedule: { policy: 'random', sliceMax: 20_000 },
  };
}

function withRounds(world: SimWorld, rounds: readonly RoundParams[]): SimWorld {
  const params = { churnMs: 60_000, payloadBytes: 1_000, rounds, atEnd: [] };
  return { ...world, workload: { name: world.workload.name, params } };
}

/** LabFailure for a run that was none: nothing can be said of how long such runs take. */
function worldRun(ran: SimRun): WorldRun {
  const { verdict, consoleSha256, schedule, instructions, wallMs, firstInstructionMs } = ran;
  if (verdict.outcome !== 'PASS') {
    throw new LabFailure('BENCH_RUN', `a run did not pass: ${verdict.reason}`, {
      remedy: `Its folder says why: ${ran.folder}`,
    });
  }
  return { console: consoleSha256, schedule, instructions, wallMs, firstInstructionMs };
}

function text(kernel: KernelFlavour, { workers }: WorldsPlan, report: WorldsReport): string {
  const { forks, boots, ratio, firstInstructionMs, repeatedForks, repeatedBoots, schedules } =
    report;
  const ms = (value: number) => `${Math.round(value)} ms`;
  const { median, min, max } = firstInstructionMs;
  return [
    `${kernel} kernel, ${workers} at the same time`,
    `fork, nothing to do, verdict on the disk:  ${rateText(forks)}`,
    `boot up to its first task:                 ${rateText(boots)}`,
    `forks to boots:                            ${ratio.toFixed(1)}`,
    `fork to its first instruction:             ${ms(median)} (${ms(min)} to ${ms(max)})`,
    'with all processors busy besides:',
    `  runs of one world that were the same     ${repeatedForks.same} of ${repeatedForks.times}`,
    `  boots of one machine that were the same  ${repeatedBoots.same} of ${repeatedBoots.times}`,
    `different schedules of ${schedules.seeds} seeds:            ${schedules.different}; the same again: ${schedules.repeated}`,
    '',
  ].join('\n');
}
