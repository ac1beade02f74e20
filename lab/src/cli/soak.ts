// SPDX-License-Identifier: Apache-2.0
import { Command, Option } from 'commander';
import { kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { acceleratorChoices } from '../vm/choose-accelerator.ts';
import { interruptSignal } from './signals.ts';
import { beginOrResume } from './soak-begin.ts';
import { runSoak } from './soak-run.ts';

/** Options of `ferrolab soak`, as commander gives them. */
export interface SoakOptions {
  readonly campaign?: string;
  readonly minutes?: string;
  readonly hours?: string;
  readonly until?: string;
  readonly resume?: string | true;
  readonly target: string;
  readonly driver: string;
  readonly defect?: string;
  readonly kernel: string;
  readonly accel: string;
  readonly workload: string;
  readonly profile: string;
  readonly workers: string;
  readonly seed?: string;
  readonly cold?: boolean;
  readonly json?: boolean;
}

const oneDriver = ['target', 'driver', 'defect', 'kernel', 'workload', 'profile', 'workers'];

/** `ferrolab soak`: breaks drivers on purpose for a while, writes every crash down, reports MTBF. */
export function soakCommand(): Command {
  return new Command('soak')
    .description('inject faults into guests for minutes or nights; crashes and MTBF')
    .addOption(
      new Option('--campaign <name>', 'what lab.config.ts says of it').conflicts(oneDriver),
    )
    .addOption(
      new Option('--hours <n>', 'how long, fractions allowed').conflicts(['minutes', 'until']),
    )
    .addOption(
      new Option('--minutes <n>', 'how long (default: 5, or what the campaign says)').conflicts([
        'hours',
        'until',
      ]),
    )
    .addOption(
      new Option('--until <time>', 'until this time of the day, as 06:00').conflicts([
        'hours',
        'minutes',
      ]),
    )
    .addOption(
      new Option(
        '--resume [id]',
        'go on with a campaign that was interrupted: this one, or the latest of the same name, or a new one if there is none',
      ).conflicts(['seed', ...oneDriver]),
    )
    .option('--target <name>', 'entry of lab.config.ts', 'ferronic')
    .option('--driver <name>', 'driver of the target', 'rust')
    .option('--defect <name>', 'build this defect of the catalogue into the driver')
    .option('--kernel <flavour>', kernelFlavours.join(' or '), 'debug')
    .option('--accel <name>', acceleratorChoices.join(', '), 'auto')
    .option('--workload <name>', 'workload of the target', 'traffic-churn')
    .option('--profile <name>', 'fault profile of the target', 'usual')
    .option('--workers <n>', 'guests at the same time', '1')
    .option('--seed <n>', 'seed of all faults and workloads (default: a new one, printed)')
    .option('--cold', 'boot each live guest, instead of forking one that has booted')
    .option('--json', 'the report as one JSON document on stdout')
    .addHelpText(
      'after',
      `
Exit status: 0 no crash; 1 the driver crashed; 3 the lab failed, tested nothing, or proved not to detect anything (dead
faults, a canary that was not caught); 130 interrupted, go on with --resume; 2 usage.

Examples:
  ferrolab soak --minutes 5 --driver c --defect work-uaf
  ferrolab soak --campaign nightly --until 06:00 --resume
`,
    )
    .action(async (options: SoakOptions) => {
      const signal = interruptSignal();
      process.exitCode = await runSoak(await beginOrResume(options, signal), options, signal);
    });
}
