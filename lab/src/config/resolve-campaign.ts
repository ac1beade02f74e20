// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../errors.ts';
import {
  chooseDefect,
  chooseDriver,
  chooseProfile,
  chooseTarget,
  chooseWorkload,
  pick,
} from './choose.ts';
import type {
  CampaignConfig,
  CanaryConfig,
  DriverConfig,
  LabConfig,
  SubjectConfig,
  TargetConfig,
} from './define-lab.ts';
import { workloadProblems } from './workload-problems.ts';

/** One cell of a campaign, checked against the configuration. */
export interface SubjectChoice {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly driverName: string;
  readonly driver: DriverConfig;
  readonly defect: string | null;
  readonly kernel: 'fast' | 'debug';
  readonly mode: 'sim' | 'live';
  readonly workloads: readonly [string, ...string[]];
  readonly profile: string;
  /** Weight among the cells of the campaign. */
  readonly share: number;
}

/** A campaign of the configuration, checked. */
export interface CampaignChoice {
  readonly config: CampaignConfig;
  readonly subjects: readonly [SubjectChoice, ...SubjectChoice[]];
  readonly canary: SubjectChoice | null;
}

const modes = ['sim', 'live'] as const;

/** The campaign called `name` with its cells; UsageError that says what of it is wrong. `root`: of the repository. */
export function chooseCampaign(root: string, lab: LabConfig, name: string): CampaignChoice {
  const config = pick('campaign', lab.campaigns ?? {}, name);
  const subjects = config.subjects.flatMap((subject) => cellsOf(root, lab, subject));
  const [first, ...others] = subjects;
  if (first === undefined) {
    throw new UsageError('EMPTY_CAMPAIGN', `campaign '${name}' tests nothing`, {
      remedy: 'Give it subjects in lab.config.ts whose weights are not all 0.',
    });
  }
  const canary = config.canary === undefined ? null : canaryOf(root, lab, config.canary);
  return { config, subjects: [first, ...others], canary };
}

function cellsOf(root: string, lab: LabConfig, subject: SubjectConfig): SubjectChoice[] {
  const target = chooseTarget(lab, subject.target);
  const driver = chooseDriver(target, subject.driver);
  const { defect, kernels = ['debug'], profile = 'usual' } = subject;
  chooseProfile(target, profile);
  const names = subject.workloads ?? target.search ?? Object.keys(target.workloads);
  for (const name of names) chooseWorkload(target, name, { driver });
  return kernels.flatMap((kernel) =>
    modes.flatMap((mode) => {
      const share = subject[mode] ?? 1;
      const [first, ...others] = names.filter(
        (name) => mode === 'live' || simulates(target, driver, name),
      );
      if (share <= 0 || first === undefined) return [];
      return [
        {
          targetName: subject.target,
          target,
          driverName: subject.driver,
          driver,
          defect: defect === undefined ? null : chooseDefect(root, driver, defect),
          kernel,
          mode,
          workloads: [first, ...others] as const,
          profile,
          share,
        },
      ];
    }),
  );
}

/** What needs a second machine is left to live runs. */
function simulates(target: TargetConfig, driver: DriverConfig, name: string): boolean {
  const { device } = target;
  const workload = chooseWorkload(target, name, { driver });
  return workloadProblems(workload, { device, driver, mode: 'sim' }).length === 0;
}

function canaryOf(root: string, lab: LabConfig, canary: CanaryConfig): SubjectChoice {
  const { target, driver, defect, kernel = 'debug', workload = 'traffic-churn' } = canary;
  const { mode = 'live' } = canary;
  const subject = { target, driver, defect, kernels: [kernel], workloads: [workload] };
  const [cell] = cellsOf(root, lab, {
    ...subject,
    sim: mode === 'sim' ? 1 : 0,
    live: mode === 'live' ? 1 : 0,
  });
  if (cell !== undefined) return cell;
  throw new UsageError('BAD_CANARY', `the canary's workload '${workload}' cannot be simulated`, {
    remedy: "Give it another workload, or mode: 'live', in lab.config.ts.",
  });
}
