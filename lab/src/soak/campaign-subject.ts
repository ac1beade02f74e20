// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Wait } from 'qemu-ipc/wait';
import type { CampaignSubject } from '../campaign-record.ts';
import type { SubjectChoice } from '../config/resolve-campaign.ts';
import { canonicalJson } from '../run/canonical-json.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { SimWorld, World } from '../run/world.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Verdict } from '../verdict.ts';
import type { Accelerator } from '../vm/machine-spec.ts';
import type { CampaignWorkItem } from './campaign-work.ts';
import { CellCoverage } from './cell-coverage.ts';
import type { FirstCrashes } from './first-crashes.ts';
import { LiveRunner } from './live-runner.ts';
import { RunDurations } from './run-durations.ts';
import type { RunOrigin } from './run-origin.ts';
import { SimRunner } from './sim-runner.ts';
import type { SoakParts } from './soak-parts.ts';

/** A cell of a campaign that can be run. */
export interface RunnableSubject {
  readonly subject: CampaignSubject;
  readonly parts: SoakParts;
  readonly worldOf: (item: CampaignWorkItem) => World | SimWorld;
  /** `null` when it was cut and counts for nothing. Rejects when there is no verdict. */
  readonly run: (
    item: CampaignWorkItem,
    origin: RunOrigin,
    onStep: (step: string) => void,
    wait: Wait,
  ) => Promise<Verdict | null>;
  /** Time without which a run is not worth its start, in milliseconds. */
  readonly leastMs: () => number;
}

/** What of a cell is written down with its campaign. */
export function subjectOf(
  choice: SubjectChoice,
  parts: SoakParts,
  accel: Accelerator,
): CampaignSubject {
  const { targetName, driver, driverName, defect, kernel, mode, profile } = choice;
  return {
    cell: {
      target: targetName,
      driver: driver.module,
      defect,
      kernel,
      mode,
      accel: mode === 'live' ? accel : 'tcg',
      profile,
    },
    driverName,
    workloads: choice.workloads,
    share: choice.share,
    artifacts: parts.hashes,
    configuration: configurationOf(choice),
  };
}

/** What of the configuration decides what the worlds of a cell are. */
function configurationOf({ target, workloads }: SubjectChoice): string {
  const { device, faults, profiles } = target;
  const chosen = workloads.map((name) => [name, target.workloads[name]]);
  const text = canonicalJson({ device, faults, profiles, chosen });
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** What all cells of a campaign have in common. */
export interface RunnableKeep {
  readonly state: StateDirectory;
  readonly templates: TemplateStore;
  /** Whether live guests are booted, each of them. */
  readonly cold: boolean;
  readonly campaignId: string;
  /** Of the cell within its campaign; null for its canary. */
  readonly name: string | null;
  readonly crashes: FirstCrashes;
}

/** Makes a cell runnable. */
export function runnable(
  subject: CampaignSubject,
  choice: SubjectChoice,
  parts: SoakParts,
  accel: Accelerator,
  keep: RunnableKeep,
): RunnableSubject {
  return choice.mode === 'live'
    ? runnableLive(subject, choice, parts, accel, keep)
    : runnableSimulated(subject, choice, parts, keep);
}

function runnableLive(
  subject: CampaignSubject,
  choice: SubjectChoice,
  parts: SoakParts,
  accel: Accelerator,
  { state, templates, cold }: RunnableKeep,
): RunnableSubject {
  const forked = accel === 'tcg' && !cold;
  const runner = new LiveRunner({ ...choice, accel }, parts, state, forked ? templates : null);
  const durations = RunDurations.ofLive(choice.kernel, forked);
  return {
    subject,
    parts,
    worldOf: (item) => runner.worldOf(item),
    run: async (item, origin, onStep, wait) => {
      const verdict = await runner.run(item, origin, onStep, wait);
      durations.learn(verdict);
      return verdict;
    },
    leastMs: () => durations.leastMs('live'),
  };
}

function runnableSimulated(
  subject: CampaignSubject,
  choice: SubjectChoice,
  parts: SoakParts,
  { state, templates, crashes, ...place }: RunnableKeep,
): RunnableSubject {
  const coverage = new CellCoverage({ state, ...place, subject });
  const runner = new SimRunner(choice, parts, state, templates, coverage, crashes);
  const durations = RunDurations.ofSimulated();
  return {
    subject,
    parts,
    worldOf: (item) => runner.worldOf(item),
    run: async (item, origin, onStep, { signal }) => {
      onStep('simulate');
      const verdict = await runner.run(item, origin, signal);
      if (verdict !== null) durations.learn(verdict);
      return verdict;
    },
    leastMs: () => durations.leastMs('sim'),
  };
}
