// SPDX-License-Identifier: Apache-2.0
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { chooseProfile, usualProfile } from '../config/choose.ts';
import type { DriverConfig, TargetConfig } from '../config/define-lab.ts';
import { possibleFaults } from '../config/faults-of.ts';
import { type CampaignSummary, summarize } from '../report/campaign-summary.ts';
import { drawWorld, type WorldBase } from '../run/draw-world.ts';
import { runLive } from '../run/live-run.ts';
import { forkedMachine, type GuestMachine } from '../run/live-template.ts';
import { needsPeer } from '../run/peer.ts';
import { createRunFolder, newRunId } from '../run/run-folder.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { World } from '../run/world.ts';
import type { ResultStore } from '../store/result-store.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Cell } from '../verdict.ts';
import { type Accelerator, linkedPair, type MachineSpec } from '../vm/machine-spec.ts';
import { type CampaignDeps, type CampaignObserver, runCampaign } from './campaign.ts';
import { peerMachine } from './peer-machine.ts';
import type { SoakParts } from './soak-parts.ts';
import { toolchainSymbolizer } from './symbolizer.ts';

/** What to soak, checked against the configuration. */
export interface SoakRequest {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly driverName: string;
  readonly driver: DriverConfig;
  readonly defect: string | null;
  readonly workloadName: string;
  /** Of the target's faults: `usual` unless told. */
  readonly profile?: string;
  /** Another workload for each run: called before it, returns a name of the target's workloads. */
  readonly nextWorkload?: () => string;
  readonly kernel: World['machine']['kernel'];
  readonly accel: Accelerator;
  readonly seed: number;
  readonly workers: number;
  readonly budgetMs: number;
}

/** Memory of a guest, by its kernel, in MiB. */
export const memoryMiB = { fast: 256, debug: 512 } as const;
/** Start of a run to a loaded driver under emulation, in milliseconds, until one was measured. */
const bootMs = { fast: 6_000, debug: 35_000 } as const;
/** The same of a guest that was forked. */
const forkMs = 5_000;

/** Kernel parameters of a soak's guests: everything on the console, nothing that hides a crash. */
export const soakParameters = ['loglevel=8', 'printk.devkmsg=on', 'kfence.sample_interval=0'];

/** Where a soak keeps what it has, and what its guests are forked from; without templates each is booted. */
export interface Keep {
  readonly state: StateDirectory;
  readonly store: ResultStore;
  readonly templates: TemplateStore | null;
}

/** Soaks one driver in live mode, and sums up. The signal ends it early, in order. */
export async function soakLive(
  request: SoakRequest,
  parts: SoakParts,
  keep: Keep,
  observer: CampaignObserver,
  signal: AbortSignal,
): Promise<CampaignSummary> {
  const machineOf = machineSource(request, parts, keep.templates);
  const { machine } = await machineOf({ signal, deadline: Deadline.never });
  const startedAt = new Date();
  const id = `soak-${newRunId(request.seed, startedAt)}`;
  const cell = cellOf(request);
  const { seed, workers, budgetMs } = request;
  const expectedBootMs = machine.template === undefined ? bootMs[request.kernel] : forkMs;
  const plan = { id, seed, workers, budgetMs, expectedBootMs };
  const end = await runCampaign(
    plan,
    campaignDeps(request, parts, machineOf, keep, { id, cell, observer }),
    signal,
  );
  return summarize({ id, cell, seed, end }, await keep.store.campaignRuns(id));
}

function campaignDeps(
  request: SoakRequest,
  parts: SoakParts,
  machineOf: (wait: Wait) => Promise<GuestMachine>,
  keep: Keep,
  campaign: { readonly id: string; readonly cell: Cell; readonly observer: CampaignObserver },
): CampaignDeps {
  const { nextWorkload = () => request.workloadName } = request;
  const symbolize = toolchainSymbolizer(parts);
  const { accel, kernel } = request;
  const { templates } = keep;
  const ofPeer = { parts, accel, memoryMiB: memoryMiB[kernel], append: soakParameters, templates };
  return {
    draw: (seed) => drawWorld(worldBase(request, nextWorkload(), parts), seed),
    record: (verdict) => keep.store.record(verdict),
    observer: campaign.observer,
    run: async (world, cycle, onStep, wait) => {
      const { machine, archives } = await machineOf({
        signal: wait.signal,
        deadline: Deadline.never,
      });
      const runId = newRunId(world.seed, new Date());
      const folder = await createRunFolder(keep.state.runs, runId, world);
      return await runLive(
        world,
        {
          machine: { ...machine, runDir: folder.path },
          credentials: parts.credentials,
          archives,
          pciId: request.target.device.pciId,
          driverTraits: request.driver,
          peer: needsPeer(world)
            ? await peerMachine(ofPeer, { ...wait, deadline: Deadline.never })
            : undefined,
          folder,
          campaignId: campaign.id,
          cycle,
          cell: { ...campaign.cell, workload: world.workload.name },
          symbolize,
          onStep,
        },
        wait,
      );
    },
  };
}

function cellOf(request: SoakRequest): Cell {
  return {
    target: request.targetName,
    driver: request.driver.module,
    defect: request.defect,
    kernel: request.kernel,
    mode: 'live',
    accel: request.accel,
    profile: request.profile ?? usualProfile,
    workload: request.workloadName,
  };
}

function worldBase(request: SoakRequest, workloadName: string, parts: SoakParts): WorldBase {
  const { target } = request;
  const workload = target.workloads[workloadName];
  if (workload === undefined) {
    throw new Error(`${workloadName} was checked and is not there`);
  }
  const [near, far] = linkedPair(target.device.model);
  return {
    artifacts: parts.hashes,
    machine: {
      cpus: 2,
      memoryMiB: memoryMiB[request.kernel],
      mode: 'live',
      accel: request.accel,
      kernel: request.kernel,
    },
    target: request.targetName,
    driver: { name: request.driver.module, defect: request.defect },
    device: target.device,
    faults: faultsOn(target, request.kernel),
    profileFaults: chooseProfile(target, request.profile ?? usualProfile),
    workloadName,
    workload,
    nics: [near.id, far.id],
  };
}

/** The faults of a target that can be made there. */
export function faultsOn(
  { device, faults }: TargetConfig,
  kernel: SoakRequest['kernel'],
  mode: 'live' | 'sim' = 'live',
): TargetConfig['faults'] {
  const possible = possibleFaults(device, { kernel, mode });
  return faults.filter((type) => possible.includes(type));
}

/** Asked for each time: a soak of weeks uses its template all the while. Only an emulated guest is forked. */
function machineSource(
  { accel, kernel, target }: SoakRequest,
  parts: SoakParts,
  templates: TemplateStore | null,
): (wait: Wait) => Promise<GuestMachine> {
  const machine: MachineSpec = {
    cpus: 2,
    memoryMiB: memoryMiB[kernel],
    accel,
    kernel: parts.vmlinux,
    initramfs: [parts.sshInitramfs, ...parts.archives],
    append: soakParameters,
    nics: linkedPair(target.device.model),
    qemu: parts.qemu,
    runDir: '',
  };
  if (templates === null || accel === 'kvm') return async () => ({ machine, archives: [] });
  const { credentials, hashes } = parts;
  return (wait) => forkedMachine(machine, { ...hashes, credentials }, templates, wait);
}
