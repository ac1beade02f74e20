// SPDX-License-Identifier: Apache-2.0
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { chooseDefect, chooseTarget } from '../config/choose.ts';
import type {
  DriverConfig,
  LabConfig,
  TargetConfig,
  WorkloadConfig,
} from '../config/define-lab.ts';
import { loadConfig } from '../config/load-config.ts';
import { defectFolders, loadChosenDefects } from '../defects/catalogue.ts';
import { workloadOfDefect } from '../defects/defect-workload.ts';
import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import type { Simulation } from '../replay/simulation.ts';
import type { WorldDraft } from '../run/read-world.ts';
import { newRunId } from '../run/run-folder.ts';
import { coverageOf } from '../soak/sim-coverage.ts';
import { completeWorld, configured, Simulator } from '../soak/sim-scenario.ts';
import { gatherSoakParts } from '../soak/soak-parts.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import type { Outcome } from '../verdict.ts';
import { templatesInCache } from './templates.ts';

/** Exit status of a verb that runs a world, by what came of it. */
export const simExitStatus: Readonly<Record<Outcome, ExitStatus>> = {
  PASS: exitStatus.ok,
  FAIL: exitStatus.driverFailed,
  ERROR: exitStatus.labFailed,
  MISS: exitStatus.labFailed,
};

/** The workload that a defect of the catalogue may have of its own, by its name; none for others. */
function ownWorkload(
  root: string,
  target: TargetConfig,
  defect: string | null,
): Readonly<Record<string, WorkloadConfig>> {
  if (defect === null || !defectFolders(root).includes(defect)) return {};
  const [catalogued] = loadChosenDefects(root, [defect]);
  if (catalogued === undefined) return {};
  const { name, workload } = workloadOfDefect(catalogued.manifest, target);
  return { [name]: workload };
}

/** Target and driver of a draft, with the workload that its defect may have of its own. */
export function scenarioParts(
  root: string,
  lab: LabConfig,
  draft: WorldDraft,
): { readonly target: TargetConfig; readonly driver: DriverConfig } {
  const { defect } = draft.driver;
  const own = ownWorkload(root, chooseTarget(lab, draft.target), defect);
  const { target, driver } = configured(lab, draft, own);
  if (defect !== null) chooseDefect(root, driver, defect);
  return { target, driver };
}

/** Builds what a world needs, and fills in what it leaves out. */
export async function prepareSimulation(
  draft: WorldDraft,
  signal: AbortSignal,
): Promise<Simulation> {
  const root = projectRoot();
  const lab = await loadConfig(root);
  const { target, driver } = scenarioParts(root, lab, draft);
  const { defect } = draft.driver;
  const wait: Wait = { signal, deadline: Deadline.never };
  const progress = new StreamProgress(process.stderr);
  const building = gatherSoakParts(draft.machine.kernel, driver, defect, { wait, progress });
  const parts = await building.finally(() => progress.close());
  const state = stateDirectory();
  const store = await ResultStore.open(state, { signal });
  const templates = templatesInCache();
  const simulator = new Simulator(parts, target, templates, state);
  const world = completeWorld(draft, target, parts);
  const id = `sim-${newRunId(world.seed, new Date())}`;
  return {
    world,
    parts,
    runs: state.runs,
    withSeed: (seed) => completeWorld({ ...draft, seed }, target, parts),
    run: async (other = world, { signal: stop = signal, ...options } = {}) => {
      const within: Wait = { signal: stop, deadline: Deadline.never };
      const ran = await simulator.run(other, { campaignId: id }, within, options);
      // One that was held on its way is no result.
      if (options.hold === undefined) await store.record(ran.verdict);
      return ran;
    },
    prepare: async (stop) => {
      await simulator.driverTemplate(world, { signal: stop, deadline: Deadline.never });
    },
    boot: (other) => simulator.boot(other, { signal, deadline: Deadline.never }),
    coverage: async (stop) => {
      const within: Wait = { signal: stop, deadline: Deadline.never };
      const measured = await coverageOf(world, parts, simulator, within);
      if (measured === undefined) {
        throw new UsageError('NO_MODULE', `${world.driver.name} is part of the kernel`, {
          remedy: 'What of it is executed is not seen: leave --coverage out, or say --no-coverage.',
        });
      }
      return measured;
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
    },
  };
}
