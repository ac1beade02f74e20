// SPDX-License-Identifier: Apache-2.0
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { chooseProfile, usualProfile } from '../config/choose.ts';
import type { DriverConfig, TargetConfig } from '../config/define-lab.ts';
import { drawWorld } from '../run/draw-world.ts';
import { runLive } from '../run/live-run.ts';
import { forkedMachine, type GuestMachine } from '../run/live-template.ts';
import { needsPeer, type PeerParts } from '../run/peer.ts';
import { createRunFolder, newRunId } from '../run/run-folder.ts';
import type { TemplateStore } from '../run/template-store.ts';
import type { World } from '../run/world.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Cell, Verdict } from '../verdict.ts';
import { type Accelerator, linkedPair, type MachineSpec } from '../vm/machine-spec.ts';
import { memoryMiB, soakParameters } from './guest-machine.ts';
import { peerMachine } from './peer-machine.ts';
import type { RunOrigin } from './run-origin.ts';
import type { SoakParts } from './soak-parts.ts';
import { toolchainSymbolizer } from './symbolizer.ts';
import { faultsOn } from './target-faults.ts';

/** A driver in live guests. */
export interface LiveSubject {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly driver: DriverConfig;
  readonly defect: string | null;
  readonly kernel: World['machine']['kernel'];
  readonly accel: Accelerator;
  /** Of the target's faults: `usual` unless told. */
  readonly profile?: string;
}

/** What is drawn for one run. */
export interface Draw {
  readonly workload: string;
  readonly seed: number;
}

/** Runs one driver in live guests, which are forked from a template if there is a place for it. */
export class LiveRunner {
  readonly #subject: LiveSubject;
  readonly #parts: SoakParts;
  readonly #state: StateDirectory;
  readonly #templates: TemplateStore | null;
  readonly #machineOf: (wait: Wait) => Promise<GuestMachine>;
  readonly #symbolize: ReturnType<typeof toolchainSymbolizer>;

  constructor(
    subject: LiveSubject,
    parts: SoakParts,
    state: StateDirectory,
    templates: TemplateStore | null,
  ) {
    this.#subject = subject;
    this.#parts = parts;
    this.#state = state;
    this.#templates = templates;
    this.#machineOf = machineSource(subject, parts, templates);
    this.#symbolize = toolchainSymbolizer(parts);
  }

  /** Makes what guests are forked from; whether they are. */
  async prepare(signal: AbortSignal): Promise<boolean> {
    const { machine } = await this.#machineOf({ signal, deadline: Deadline.never });
    return machine.template !== undefined;
  }

  #cellOf(workload: string): Cell {
    const { targetName: target, driver, defect, kernel, accel } = this.#subject;
    const { profile = usualProfile } = this.#subject;
    return {
      target,
      driver: driver.module,
      defect,
      kernel,
      mode: 'live',
      accel,
      profile,
      workload,
    };
  }

  /** Runs the world of a seed in a folder of its own; the verdict is on the disk when it resolves. */
  async run(
    draw: Draw,
    { onFolder, ...origin }: RunOrigin,
    onStep: (step: string) => void,
    wait: Wait,
  ): Promise<Verdict> {
    const world = this.worldOf(draw);
    const { machine, archives } = await this.#machineOf({
      signal: wait.signal,
      deadline: Deadline.never,
    });
    const runId = newRunId(world.seed, new Date());
    const { campaignId, cycle = 0 } = origin;
    const folder = await createRunFolder(this.#state.runs, runId, world, { campaignId, cycle });
    onFolder?.(folder.path);
    return await runLive(
      world,
      {
        ...origin,
        cycle,
        machine: { ...machine, runDir: folder.path },
        credentials: this.#parts.credentials,
        archives,
        pciId: this.#subject.target.device.pciId,
        driverTraits: this.#subject.driver,
        peer: needsPeer(world) ? await this.#peer(wait.signal) : undefined,
        folder,
        cell: this.#cellOf(draw.workload),
        symbolize: this.#symbolize,
        onStep,
      },
      wait,
    );
  }

  async #peer(signal: AbortSignal): Promise<PeerParts> {
    const { accel, kernel } = this.#subject;
    const ofPeer = {
      parts: this.#parts,
      accel,
      memoryMiB: memoryMiB[kernel],
      append: soakParameters,
      templates: this.#templates,
    };
    return await peerMachine(ofPeer, { signal, deadline: Deadline.never });
  }

  /** The world of a seed. */
  worldOf({ workload: workloadName, seed }: Draw): World {
    const { targetName, target, driver, defect, kernel, accel } = this.#subject;
    const { profile = usualProfile } = this.#subject;
    const workload = target.workloads[workloadName];
    if (workload === undefined) {
      throw new Error(`${workloadName} was checked and is not there`);
    }
    const [near, far] = linkedPair(target.device.model);
    const base = {
      artifacts: this.#parts.hashes,
      machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'live', accel, kernel },
      target: targetName,
      driver: { name: driver.module, defect },
      device: target.device,
      faults: faultsOn(target, kernel, 'live'),
      profileFaults: chooseProfile(target, profile),
      workloadName,
      workload,
      nics: [near.id, far.id],
    } as const;
    return drawWorld(base, seed);
  }
}

/** Asked for each time: a soak of weeks uses its template all the while. Only an emulated guest is forked. */
function machineSource(
  { accel, kernel, target }: LiveSubject,
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
