// SPDX-License-Identifier: Apache-2.0
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { loadConfig } from '../config/load-config.ts';
import type { CampaignObserver } from '../soak/campaign.ts';
import type { FoundCrash, HuntState } from '../soak/hunt.ts';
import { soakLive } from '../soak/live-soak.ts';
import { gatherSoakParts } from '../soak/soak-parts.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import type { Verdict } from '../verdict.ts';
import { acceleratorOf } from './accelerator.ts';
import type { Hunted, HuntObserver, HuntSettings, Scenario } from './hunt-scenario.ts';
import { scenarioParts } from './simulation.ts';
import { templatesInCache } from './templates.ts';

/** The same scenario in guests whose vCPUs run in parallel: what a hunt in simulated worlds is compared with. */
export async function huntLive(
  { draft }: Scenario,
  { seed, workers, budgetMs, first }: HuntSettings,
  observer: HuntObserver,
  signal: AbortSignal,
): Promise<Hunted> {
  const root = projectRoot();
  const { target, driver } = scenarioParts(root, await loadConfig(root), draft);
  const progress = new StreamProgress(process.stderr);
  const building = { wait: { signal, deadline: Deadline.never }, progress };
  const { kernel } = draft.machine;
  const { defect, name } = draft.driver;
  const parts = await gatherSoakParts(kernel, driver, defect, building).finally(() =>
    progress.close(),
  );
  const accel = await acceleratorOf('auto', parts, signal);
  const state = stateDirectory();
  await using store = await ResultStore.open(state);
  const templates = templatesInCache();
  const log = new LiveHunt(first, (hunt) => observer(hunt, undefined));
  const request = {
    targetName: draft.target,
    ...{ target, driverName: name, driver, defect },
    workloadName: draft.workload.name,
    ...{ kernel, accel, seed, workers, budgetMs },
  };
  const over = AbortSignal.any([signal, log.over]);
  await soakLive(request, parts, { state, store, templates }, log, over);
  return { state: log.state() };
}

/** Counts what a soak's runs come to, and ends it with the first crash if that is enough. */
class LiveHunt implements CampaignObserver {
  readonly #enough: boolean;
  readonly #observer: (state: HuntState) => void;
  readonly #over = new AbortController();
  readonly #fruitless = new Map<string, number>();
  readonly #crashes = new Map<string, FoundCrash>();
  /** When the first guest was started. */
  #since: number | undefined;
  #runs = 0;
  #virtualMs = 0;

  constructor(first: boolean, observer: (state: HuntState) => void) {
    this.#enough = first;
    this.#observer = observer;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  runStarted(): void {
    this.#since ??= performance.now();
  }

  runStep(): void {}

  runEnded(verdict: Verdict): void {
    // One that was cut by the crash of another tells nothing.
    if (this.#over.signal.aborted) return;
    const { outcome, reason, exposure, crashes, runId, seed } = verdict;
    this.#runs += 1;
    this.#virtualMs += exposure.virtualMs;
    if (outcome !== 'PASS' && outcome !== 'FAIL') {
      this.#fruitless.set(reason, (this.#fruitless.get(reason) ?? 0) + 1);
    }
    const [crash] = outcome === 'FAIL' ? crashes : [];
    if (crash !== undefined) {
      const { title } = crash;
      const found = this.#crashes.get(title) ?? {
        ...{ title, runId, seed, runs: 0, comesBack: null },
        afterRuns: this.#runs,
        afterMs: this.#elapsedMs(),
      };
      this.#crashes.set(title, { ...found, runs: found.runs + 1 });
    }
    this.#observer(this.state());
    if (crash !== undefined && this.#enough) this.#over.abort();
  }

  state(): HuntState {
    return {
      runs: this.#runs,
      wallMs: this.#elapsedMs(),
      virtualNs: this.#virtualMs * 1e6,
      fruitless: this.#fruitless,
      crashes: [...this.#crashes.values()],
      kept: 0,
    };
  }

  #elapsedMs(): number {
    return this.#since === undefined ? 0 : Math.round(performance.now() - this.#since);
  }
}
