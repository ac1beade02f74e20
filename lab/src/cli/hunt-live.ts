// SPDX-License-Identifier: Apache-2.0
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { loadConfig } from '../config/load-config.ts';
import { LiveHunt } from '../soak/live-hunt.ts';
import { soakLive } from '../soak/live-soak.ts';
import { gatherSoakParts } from '../soak/soak-parts.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
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
  const { defect } = draft.driver;
  const parts = await gatherSoakParts(kernel, driver, defect, building).finally(() =>
    progress.close(),
  );
  const accel = await acceleratorOf('auto', parts, signal);
  const state = stateDirectory();
  await using store = await ResultStore.open(state, { signal });
  const templates = templatesInCache();
  const log = new LiveHunt(first, (hunt) => observer(hunt, undefined));
  const request = {
    targetName: draft.target,
    ...{ target, driver, defect },
    workloadName: draft.workload.name,
    ...{ kernel, accel, seed, workers, budgetMs },
  };
  const over = AbortSignal.any([signal, log.over]);
  await soakLive(request, parts, { state, store, templates }, log, over);
  return { state: log.state() };
}
