// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { kernelFlavours } from '../artifacts/recipes/kernel.ts';
import type { CampaignRecord, CampaignSubject } from '../campaign-record.ts';
import {
  chooseDefect,
  chooseDriver,
  chooseProfile,
  chooseTarget,
  chooseWorkload,
} from '../config/choose.ts';
import type { CampaignConfig, LabConfig } from '../config/define-lab.ts';
import { loadConfig } from '../config/load-config.ts';
import {
  type CampaignChoice,
  chooseCampaign,
  type SubjectChoice,
} from '../config/resolve-campaign.ts';
import { UsageError } from '../errors.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import { newRunId } from '../run/run-folder.ts';
import { subjectOf } from '../soak/campaign-subject.ts';
import { gatherSoakParts, type SoakParts } from '../soak/soak-parts.ts';
import { readCampaign } from '../store/campaign-folder.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { acceleratorChoices } from '../vm/choose-accelerator.ts';
import type { Accelerator } from '../vm/machine-spec.ts';
import { acceleratorOf } from './accelerator.ts';
import { hoursOf, minutesOf, nextTime, oneOf, positiveInteger, seedOf } from './choice.ts';
import type { SoakOptions } from './soak.ts';
import { unfinishedCampaign } from './soak-resume.ts';

/** A cell with what its runs are made of. */
export interface BuiltSubject {
  readonly subject: CampaignSubject;
  readonly choice: SubjectChoice;
  readonly parts: SoakParts;
}

/** A campaign that can be run, or gone on with. */
export interface BegunCampaign {
  readonly record: CampaignRecord;
  /** Those of the record, and its canary last. */
  readonly subjects: readonly BuiltSubject[];
  readonly accel: Accelerator;
  readonly processors: number;
  /** Of the configuration; undefined for one of the command line. */
  readonly config: CampaignConfig | undefined;
  readonly resumed: boolean;
}

const mostWorkers = 256;
const defaultMinutes = 5;
/** A live guest has two vCPUs. */
const liveProcessors = 2;

/** Builds what a campaign needs, whether it is a new one or one that was interrupted. */
export async function beginOrResume(
  options: SoakOptions,
  signal: AbortSignal,
): Promise<BegunCampaign> {
  const root = projectRoot();
  const lab = await loadConfig(root);
  const unfinished =
    options.resume === undefined
      ? undefined
      : await unfinishedCampaign(stateDirectory(), options.resume, options.campaign ?? null);
  if (unfinished !== undefined) return await resume(root, lab, unfinished, options, signal);
  const choice = chosen(root, lab, options);
  const { subjects, accel } = await build(choice, options, signal);
  const record = recordOf(choice, subjects, options);
  return { record, subjects, accel, ...limits(choice.config, options), resumed: false };
}

function chosen(
  root: string,
  lab: LabConfig,
  options: SoakOptions,
): Omit<CampaignChoice, 'config'> & { readonly config: CampaignConfig | undefined } {
  if (options.campaign !== undefined) return chooseCampaign(root, lab, options.campaign);
  const target = chooseTarget(lab, options.target);
  const driver = chooseDriver(target, options.driver);
  chooseWorkload(target, options.workload, { driver, mode: 'live' });
  chooseProfile(target, options.profile);
  const subject: SubjectChoice = {
    targetName: options.target,
    target,
    driverName: options.driver,
    driver,
    defect: options.defect === undefined ? null : chooseDefect(root, driver, options.defect),
    kernel: oneOf('kernel', options.kernel, kernelFlavours),
    mode: 'live',
    workloads: [options.workload],
    profile: options.profile,
    share: 1,
  };
  return { config: undefined, subjects: [subject], canary: null };
}

/** Builds each cell; the accelerator is that of live cells. */
async function build(
  { subjects, canary }: Pick<CampaignChoice, 'subjects' | 'canary'>,
  { accel: wanted }: Pick<SoakOptions, 'accel'>,
  signal: AbortSignal,
): Promise<{ readonly subjects: readonly BuiltSubject[]; readonly accel: Accelerator }> {
  const progress = new StreamProgress(process.stderr);
  const building = { wait: { signal, deadline: Deadline.never }, progress };
  const built = new Map<string, SoakParts>();
  const partsOf = async ({ kernel, driver, defect }: SubjectChoice): Promise<SoakParts> => {
    const key = JSON.stringify([kernel, driver, defect]);
    const known = built.get(key) ?? (await gatherSoakParts(kernel, driver, defect, building));
    built.set(key, known);
    return known;
  };
  try {
    const choices = canary === null ? subjects : [...subjects, canary];
    for (const choice of choices) await partsOf(choice);
    const accelerator = oneOf('accelerator', wanted, acceleratorChoices);
    const accel = await acceleratorOf(accelerator, await partsOf(subjects[0]), signal);
    const all = [];
    for (const choice of choices) {
      const parts = await partsOf(choice);
      all.push({ choice, parts, subject: subjectOf(choice, parts, accel) });
    }
    return { subjects: all, accel };
  } finally {
    progress.close();
  }
}

function recordOf(
  { canary, config }: ReturnType<typeof chosen>,
  built: readonly BuiltSubject[],
  options: SoakOptions,
): CampaignRecord {
  const now = new Date();
  const seed = options.seed === undefined ? randomInt(maxSeed + 1) : seedOf(options.seed);
  const subjects = built.map(({ subject }) => subject);
  const until = options.until === undefined ? null : nextTime(options.until, now);
  return {
    version: 1,
    id: `${options.campaign ?? 'soak'}-${newRunId(seed, now)}`,
    name: options.campaign ?? null,
    host: hostname(),
    seed,
    startedAt: now.toISOString(),
    budgetMs: until === null ? budgetMs(options, config) : until.getTime() - now.getTime(),
    until: until?.toISOString() ?? null,
    subjects: canary === null ? subjects : subjects.slice(0, -1),
    canary: canary === null ? null : (subjects.at(-1) ?? null),
    goal: config?.goal ?? null,
  };
}

function budgetMs({ hours, minutes }: SoakOptions, config: CampaignConfig | undefined): number {
  if (hours !== undefined) return hoursOf(hours) * 3_600_000;
  if (minutes !== undefined) return minutesOf(minutes) * 60_000;
  return config === undefined ? defaultMinutes * 60_000 : config.hours * 3_600_000;
}

function limits(
  config: CampaignConfig | undefined,
  { workers }: SoakOptions,
): Pick<BegunCampaign, 'processors' | 'config'> {
  if (config === undefined) {
    const processors = liveProcessors * positiveInteger('workers', workers, mostWorkers);
    return { config, processors };
  }
  const { processors = availableParallelism() } = config;
  return { config, processors: Math.max(liveProcessors, processors) };
}

/** Cells as they were; UsageError when they would not be the same now. */
async function resume(
  root: string,
  lab: LabConfig,
  id: string,
  options: SoakOptions,
  signal: AbortSignal,
): Promise<BegunCampaign> {
  const { record } = await readCampaign(stateDirectory(), id);
  const config = record.name === null ? undefined : lab.campaigns?.[record.name];
  const [first, ...others] = record.subjects.map((subject) => choiceOf(root, lab, subject));
  if (first === undefined) throw new Error(`campaign ${id} has no subjects`);
  const canary = record.canary === null ? null : choiceOf(root, lab, record.canary);
  const { subjects, accel } = await build(
    { subjects: [first, ...others], canary },
    options,
    signal,
  );
  const before = record.canary === null ? record.subjects : [...record.subjects, record.canary];
  for (const [index, subject] of before.entries()) {
    if (JSON.stringify(subjects[index]?.subject) === JSON.stringify(subject)) continue;
    const { driver, kernel, mode } = subject.cell;
    throw new UsageError(
      'OTHER_CAMPAIGN',
      `${driver} on the ${kernel} kernel, ${mode}, is not what it was when campaign ${id} began`,
      { remedy: 'Check out what it began with, or begin a new campaign: leave --resume out.' },
    );
  }
  return { record, subjects, accel, ...limits(config, options), resumed: true };
}

function choiceOf(root: string, lab: LabConfig, subject: CampaignSubject): SubjectChoice {
  const { cell, driverName, share, workloads } = subject;
  const target = chooseTarget(lab, cell.target);
  const driver = chooseDriver(target, driverName);
  for (const name of workloads) chooseWorkload(target, name, { driver });
  chooseProfile(target, cell.profile);
  const [first, ...others] = workloads;
  if (first === undefined) throw new Error('a cell of a campaign without workloads');
  return {
    targetName: cell.target,
    target,
    driverName,
    driver,
    defect: cell.defect === null ? null : chooseDefect(root, driver, cell.defect),
    kernel: oneOf('kernel', cell.kernel, kernelFlavours),
    mode: oneOf('mode', cell.mode, ['sim', 'live']),
    workloads: [first, ...others],
    profile: cell.profile,
    share,
  };
}
