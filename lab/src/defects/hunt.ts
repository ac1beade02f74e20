// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import type { DriverConfig, TargetConfig, WorkloadConfig } from '../config/define-lab.ts';
import { workloadFinished } from '../run/judge.ts';
import type { CampaignObserver } from '../soak/campaign.ts';
import { type Keep, soakLive } from '../soak/live-soak.ts';
import type { SoakParts } from '../soak/soak-parts.ts';
import type { CrashRecord, Verdict } from '../verdict.ts';
import type { Accelerator } from '../vm/machine-spec.ts';

/** Workloads by name; a hunt with several takes them in turn. */
export type Profiles = Readonly<Record<string, WorkloadConfig>>;

/** A driver to be driven until it crashes. */
export interface Hunt {
  readonly driverName: OwnDriver;
  readonly driver: DriverConfig;
  /** Name of the mistake that is in it. */
  readonly defect: string | null;
  readonly target: TargetConfig;
  readonly targetName: string;
  readonly profiles: Profiles;
  readonly parts: SoakParts;
  readonly accel: Accelerator;
  readonly seed: number;
  readonly workers: number;
  readonly budgetMs: number;
}

/** A crash with the run that it came in. */
export interface FoundCrash extends CrashRecord {
  readonly runId: string;
  readonly seed: number;
  readonly workload: string;
}

/** What a hunt came back with. */
export interface HuntResult {
  readonly outcome:
    | 'crashed'
    /** The budget is used up. */
    | 'nothing-found'
    /** The workload could not be done, or the lab failed: nothing is known of the driver. */
    | 'no-answer'
    | 'interrupted';
  /** The first one. */
  readonly crash: FoundCrash | null;
  /** Why there is no answer; else what else is to be said. */
  readonly note: string | null;
  /** Runs that tested the driver, the one that crashed included: each has a seed of its own. */
  readonly seeds: number;
  /** Time under test, in all these runs together. */
  readonly virtualMs: number;
  /** From the start of the first machine to the verdict. */
  readonly wallMs: number;
}

/** After so many ERRORs in a row of one workload it is not tried again. */
const mostErrors = 2;

/** Soaks a driver from successive seeds until the first crash, or until the budget is used up. */
export async function hunt(
  request: Hunt,
  keep: Keep,
  watch: CampaignObserver,
  signal: AbortSignal,
): Promise<HuntResult> {
  const log = new HuntLog(Object.keys(request.profiles), checkedAtEnd(request.profiles));
  const observer: CampaignObserver = {
    runStarted: (item) => {
      log.begin();
      watch.runStarted(item);
    },
    runStep: (item, step) => watch.runStep(item, step),
    runEnded: (item, verdict) => {
      if (verdict !== null) log.add(verdict);
      watch.runEnded(item, verdict);
    },
  };
  const { driver, defect, targetName, parts, accel, seed, workers, budgetMs } = request;
  const soaked = await soakLive(
    {
      target: { ...request.target, workloads: request.profiles },
      targetName,
      driver,
      defect,
      workloadName: Object.keys(request.profiles).join('+'),
      nextWorkload: () => log.nextWorkload(),
      kernel: 'debug',
      accel,
      seed,
      workers,
      budgetMs,
    },
    parts,
    keep,
    observer,
    AbortSignal.any([signal, log.over]),
  );
  return log.result({
    interrupted: signal.aborted,
    gaveUp: soaked.end.kind === 'gave-up' ? soaked.end.reason : null,
    deadFaults: soaked.deadFaults,
  });
}

/** Workloads that tell something only when they come to their end. */
function checkedAtEnd(profiles: Profiles): ReadonlySet<string> {
  const names = Object.entries(profiles).filter(([, { atEnd = [] }]) => atEnd.length > 0);
  return new Set(names.map(([name]) => name));
}

/** Follows the verdicts of a hunt, and says when it is over. */
export class HuntLog {
  readonly #over = new AbortController();
  #start: number | undefined;
  readonly #errors = new Map<string, { inARow: number; last: string }>();
  #workloads: readonly string[];
  /** Whether some run has tested all that its workload tests. */
  #wholeRun = false;
  readonly #checkedAtEnd: ReadonlySet<string>;
  #turn = 0;
  #crash: FoundCrash | null = null;
  #wallMs: number | undefined;
  #seeds = 0;
  #virtualMs = 0;

  constructor(workloads: readonly string[], checkedAtEnd: ReadonlySet<string> = new Set()) {
    this.#workloads = workloads;
    this.#checkedAtEnd = checkedAtEnd;
  }

  /** Fires at the first crash, or when no workload can be done. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** The workloads take turns. */
  nextWorkload(): string {
    const next = this.#workloads[this.#turn % this.#workloads.length];
    this.#turn += 1;
    if (next === undefined) {
      throw new Error('a run is begun after the hunt was over');
    }
    return next;
  }

  /** A run begins; time is counted from the first one. */
  begin(): void {
    this.#start ??= performance.now();
  }

  add(verdict: Verdict): void {
    // What ends after the crash was cut short by it.
    if (this.#over.signal.aborted) {
      return;
    }
    const { outcome, exposure, cell, reason } = verdict;
    if (outcome === 'PASS' || outcome === 'FAIL') {
      this.#seeds += 1;
      this.#virtualMs += exposure.virtualMs;
      this.#errors.delete(cell.workload);
      this.#wholeRun ||= reason === workloadFinished || !this.#checkedAtEnd.has(cell.workload);
    }
    if (outcome === 'ERROR') {
      this.#addError(cell.workload, reason);
    }
    const [crash] = verdict.crashes;
    if (outcome === 'FAIL' && crash !== undefined) {
      const { runId, seed } = verdict;
      this.#crash = { ...crash, runId, seed, workload: cell.workload };
      this.#end();
    }
  }

  result(end: {
    readonly interrupted: boolean;
    readonly gaveUp: string | null;
    readonly deadFaults: readonly string[];
  }): HuntResult {
    const outcome = this.#outcome(end);
    return {
      outcome,
      crash: this.#crash,
      note: this.#note(outcome, end),
      seeds: this.#seeds,
      virtualMs: this.#virtualMs,
      wallMs: this.#wallMs ?? this.#elapsedMs(),
    };
  }

  #outcome(end: Parameters<HuntLog['result']>[0]): HuntResult['outcome'] {
    if (this.#crash !== null) {
      return 'crashed';
    }
    if (end.interrupted) {
      return 'interrupted';
    }
    const tested = this.#wholeRun && this.#workloads.length > 0;
    return tested && end.gaveUp === null && end.deadFaults.length === 0
      ? 'nothing-found'
      : 'no-answer';
  }

  #note(outcome: HuntResult['outcome'], end: Parameters<HuntLog['result']>[0]): string | null {
    const errors = [...this.#errors].map(([workload, { last }]) => `${workload}: ${last}`);
    if (outcome === 'crashed') {
      return null;
    }
    if (end.gaveUp !== null) {
      return end.gaveUp;
    }
    if (end.deadFaults.length > 0) {
      return `not one ${end.deadFaults.join(' and ')} reached the driver`;
    }
    if (errors.length > 0) {
      return errors.join('; ');
    }
    return this.#wholeRun ? null : 'no run came to its end, where the driver is checked';
  }

  #addError(workload: string, reason: string): void {
    const inARow = (this.#errors.get(workload)?.inARow ?? 0) + 1;
    this.#errors.set(workload, { inARow, last: reason });
    if (inARow >= mostErrors) {
      this.#workloads = this.#workloads.filter((name) => name !== workload);
    }
    if (this.#workloads.length === 0) {
      this.#end();
    }
  }

  #elapsedMs(): number {
    return this.#start === undefined ? 0 : Math.round(performance.now() - this.#start);
  }

  #end(): void {
    this.#wallMs = this.#elapsedMs();
    this.#over.abort();
  }
}
