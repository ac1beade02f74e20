// SPDX-License-Identifier: Apache-2.0
import type { CampaignEnd } from '../campaign-record.ts';
import type { FaultType } from '../config/fault-types.ts';
import { addTallies, deadFaultTypes, emptyTally } from '../fault-tally.ts';
import { deriveSeed } from '../faults/seeded-random.ts';
import { newRunId } from '../run/run-folder.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { ResultStore } from '../store/result-store.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import { type CampaignItem, type CampaignObserver, runCampaign } from './campaign.ts';
import { LiveRunner, type LiveSubject } from './live-runner.ts';
import { RunDurations } from './run-durations.ts';
import type { SoakParts } from './soak-parts.ts';

/** What to soak, checked against the configuration. */
export interface SoakRequest extends LiveSubject {
  /** Of all runs, unless they take turns. */
  readonly workloadName: string;
  /** Another workload for each run: called before it, returns a name of the target's workloads. */
  readonly nextWorkload?: () => string;
  readonly seed: number;
  /** Guests at the same time. */
  readonly workers: number;
  readonly budgetMs: number;
}

interface LiveItem extends CampaignItem {
  readonly workload: string;
}

/** Where a soak keeps what it has, and what its guests are forked from; without templates each is booted. */
export interface Keep {
  readonly state: StateDirectory;
  readonly store: ResultStore;
  readonly templates: TemplateStore | null;
}

/** What came of a soak besides its verdicts. */
export interface LiveSoak {
  readonly end: CampaignEnd;
  /** Faults that were asked for and never came. */
  readonly deadFaults: readonly FaultType[];
}

/** Soaks one driver in live mode from successive seeds. The signal ends it early, in order. */
export async function soakLive(
  request: SoakRequest,
  parts: SoakParts,
  keep: Keep,
  observer: CampaignObserver,
  signal: AbortSignal,
): Promise<LiveSoak> {
  const runner = new LiveRunner(request, parts, keep.state, keep.templates);
  const durations = RunDurations.ofLive(request.kernel, await runner.prepare(signal));
  const campaignId = `soak-${newRunId(request.seed, new Date())}`;
  const { nextWorkload = () => request.workloadName, seed, workers, budgetMs } = request;
  let cycle = 0;
  let faults = emptyTally;
  const end = await runCampaign<LiveItem>(
    { budgetMs, processors: workers },
    {
      next: (): LiveItem => {
        const next = { cycle, attempt: 0, seed: deriveSeed(seed, cycle), processors: 1 };
        cycle += 1;
        return { ...next, workload: nextWorkload() };
      },
      leastMs: () => durations.leastMs('live'),
      run: async (item, onStep, wait) => {
        const origin = { campaignId, cycle: item.cycle, attempt: item.attempt };
        const verdict = await runner.run(item, origin, onStep, wait);
        durations.learn(verdict);
        faults = addTallies(faults, verdict.faults);
        return verdict;
      },
      record: (verdict) => keep.store.record(verdict),
      observer,
    },
    signal,
  );
  return { end, deadFaults: deadFaultTypes(faults) };
}
