// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { chooseProfile, chooseTarget, chooseWorkload, usualProfile } from '../config/choose.ts';
import type {
  DriverConfig,
  LabConfig,
  TargetConfig,
  WorkloadConfig,
} from '../config/define-lab.ts';
import { LabFailure, UsageError } from '../errors.ts';
import { bootedTemplate, type ColdBoot } from '../run/booted-template.ts';
import { drawWorld } from '../run/draw-world.ts';
import { type DriverFacts, driverTemplate, type LoadedDriver } from '../run/driver-template.ts';
import type { WorldDraft } from '../run/read-world.ts';
import { createRunFolder, newRunId } from '../run/run-folder.ts';
import { runSimulated, type SimRun, type SimRunOptions, schedulerSpec } from '../run/sim-run.ts';
import {
  type SavedTemplate,
  saved,
  type Template,
  type TemplateStore,
} from '../run/template-store.ts';
import type { SimWorld } from '../run/world.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Cell } from '../verdict.ts';
import { linkedPair, type MachineSpec } from '../vm/machine-spec.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import { soakParameters } from './guest-machine.ts';
import type { RunOrigin } from './run-origin.ts';
import type { SoakParts } from './soak-parts.ts';
import { toolchainSymbolizer } from './symbolizer.ts';
import { faultsOn } from './target-faults.ts';

/** The entry of the configuration that a world is of, with more workloads; UsageError when there is none. */
export function configured(
  lab: LabConfig,
  draft: WorldDraft,
  workloads: Readonly<Record<string, WorkloadConfig>> = {},
): { readonly target: TargetConfig; readonly driver: DriverConfig } {
  const chosen = chooseTarget(lab, draft.target);
  const target = { ...chosen, workloads: { ...chosen.workloads, ...workloads } };
  const drivers = Object.values(target.drivers);
  const driver = drivers.find(({ module }) => module === draft.driver.name);
  if (driver === undefined) {
    const known = drivers.map(({ module }) => module).join(', ');
    throw new UsageError('UNKNOWN_DRIVER', `driver.name: no driver '${draft.driver.name}'`, {
      remedy: `Choose from: ${known}.`,
    });
  }
  chooseWorkload(target, draft.workload.name, { driver, mode: 'sim' });
  return { target, driver };
}

/** The draft with all that was left out, its faults drawn under a profile. UsageError when it was made of other artifacts than there are. */
export function completeWorld(
  draft: WorldDraft,
  target: TargetConfig,
  parts: SoakParts,
  profile: string = usualProfile,
): SimWorld {
  const { hashes } = parts;
  for (const part of ['qemu', 'kernel', 'initramfs', 'driver'] as const) {
    const wanted = draft.artifacts?.[part];
    if (wanted === undefined || wanted === hashes[part]) continue;
    throw new UsageError(
      'OTHER_ARTIFACT',
      `artifacts.${part} is ${wanted}, here it is ${hashes[part]}`,
      {
        remedy:
          'Check out what the world was made with; or leave artifacts out, for another world.',
      },
    );
  }
  const { machine, schedule, workload, driver, seed } = draft;
  const [near, far] = linkedPair(target.device.model);
  const drawn = drawWorld(
    {
      artifacts: hashes,
      machine: { ...machine, mode: 'live', accel: 'tcg' },
      target: draft.target,
      driver,
      device: target.device,
      faults: faultsOn(target, machine.kernel, 'sim'),
      profileFaults: chooseProfile(target, profile),
      workloadName: workload.name,
      workload: chooseWorkload(target, workload.name, { mode: 'sim' }),
      nics: [near.id, far.id],
    },
    seed,
  );
  return {
    ...drawn,
    machine,
    workload: { name: workload.name, params: workload.params ?? drawn.workload.params },
    plan: draft.plan ?? drawn.plan,
    schedule,
  };
}

/** A world that begins no other round after so much virtual time, in milliseconds. */
export function noLongerThan(churnMs: number, world: SimWorld): SimWorld {
  const { name, params } = world.workload;
  const shorter = { ...params, churnMs: Math.min(params.churnMs, churnMs) };
  return { ...world, workload: { name, params: shorter } };
}

/** Where a run begins. */
interface Start {
  readonly template: SavedTemplate;
  readonly loaded: LoadedDriver | null;
  readonly archives: readonly string[];
}

/** Virtual time is counted in instructions of 2 ns. */
const instructionClock = { shift: 1, seed: 1 } as const;

/** Runs complete worlds of one set of parts. */
export class Simulator {
  readonly #parts: SoakParts;
  readonly #target: TargetConfig;
  readonly #templates: TemplateStore;
  readonly #state: StateDirectory;

  constructor(
    parts: SoakParts,
    target: TargetConfig,
    templates: TemplateStore,
    state: StateDirectory,
  ) {
    this.#parts = parts;
    this.#target = target;
    this.#templates = templates;
    this.#state = state;
  }

  /** Runs a world in a folder of its own. A saved machine that QEMU does not load is made again, once. */
  async run(
    world: SimWorld,
    origin: RunOrigin,
    wait: Wait,
    options: SimRunOptions = {},
  ): Promise<SimRun> {
    const start = await this.#start(world, wait);
    const ran = await this.#runFrom(start, world, origin, wait, options);
    if (!ran.badTemplate) return ran;
    await this.#templates.discard(start.template);
    // It was no run of its world.
    await rm(ran.folder, { recursive: true, force: true });
    const another = await this.#start(world, wait);
    return await this.#runFrom(another, world, origin, wait, options);
  }

  /** Boots the machine of a world under its schedule, and throws it away. */
  async boot(world: SimWorld, wait: Wait): Promise<ColdBoot> {
    const runDir = await mkdtemp(join(tmpdir(), 'ferrolab-boot-'));
    const since = performance.now();
    try {
      const scheduler = schedulerSpec(world.schedule, world.seed);
      const spec = { ...this.#machine(world), runDir, simulation: { scheduler } };
      await using machine = await SimulatedMachine.boot(spec, wait);
      const wallMs = performance.now() - since;
      const { instructions } = await machine.clock(wait);
      const console = await readFile(join(runDir, 'console.log'));
      const sha256 = createHash('sha256').update(console).digest('hex');
      return { fingerprint: `${sha256} ${instructions}`, wallMs };
    } finally {
      await rm(runDir, { recursive: true, force: true });
    }
  }

  /** The machine whose driver is loaded that runs of a world begin with; without a `state` they begin with a booted one. */
  async driverTemplate(world: SimWorld, wait: Wait): Promise<Template<DriverFacts>> {
    const { hashes, archives } = this.#parts;
    const { driver, workload } = world;
    const setup = {
      module: driver.name,
      pciId: this.#target.device.pciId,
      atEnd: workload.params.atEnd.filter((check) => check === 'kmemleak'),
    };
    const machine = this.#machine(world);
    const booted = {
      key: bootedTemplate(machine, hashes).key,
      state: async (making: Wait) => (await this.#booted(world, making)).state,
    };
    const files = { hash: hashes.driver, archives };
    const recipe = driverTemplate(booted, machine, setup, files, this.#templates.observer);
    return await this.#templates.get(recipe, wait).catch(async (error: unknown) => {
      if (!(error instanceof LabFailure) || error.code !== 'BAD_TEMPLATE') throw error;
      // It is the booted machine that QEMU does not load.
      await this.#templates.discard(await this.#booted(world, wait));
      return await this.#templates.get(recipe, wait);
    });
  }

  async #booted(world: SimWorld, wait: Wait): Promise<SavedTemplate> {
    const recipe = bootedTemplate(this.#machine(world), this.#parts.hashes);
    return saved(await this.#templates.get(recipe, wait));
  }

  async #start(world: SimWorld, wait: Wait): Promise<Start> {
    const template = await this.driverTemplate(world, wait);
    const { state, facts } = template;
    if (state !== null) {
      return { template: { ...template, state }, loaded: facts.loaded, archives: [] };
    }
    const { archives } = this.#parts;
    return { template: await this.#booted(world, wait), loaded: null, archives };
  }

  async #runFrom(
    { template, loaded, archives }: Start,
    world: SimWorld,
    origin: RunOrigin,
    wait: Wait,
    options: SimRunOptions,
  ): Promise<SimRun> {
    // One that is held on its way is no result, and nobody shall find it among those.
    const aside = origin.aside === true || options.hold !== undefined;
    const runs = aside ? join(this.#state.root, 'held') : this.#state.runs;
    const { campaignId, cycle = 0 } = origin;
    const folder = await createRunFolder(runs, newRunId(world.seed, new Date()), world, {
      campaignId,
      cycle,
    });
    origin.onFolder?.(folder.path);
    return await runSimulated(
      world,
      {
        machine: { ...this.#machine(world), runDir: folder.path },
        template: template.state,
        loaded,
        archives,
        pciId: this.#target.device.pciId,
        driverTraits: driverOf(this.#target, world),
        folder,
        campaignId,
        cycle,
        attempt: origin.attempt ?? 0,
        canary: origin.canary ?? false,
        cell: cellOf(world, origin.profile),
        symbolize: toolchainSymbolizer(this.#parts),
        ...options,
      },
      wait,
    );
  }

  /** Without a folder to run in. */
  #machine({ machine }: SimWorld): MachineSpec {
    return {
      cpus: machine.cpus,
      memoryMiB: machine.memoryMiB,
      accel: 'tcg',
      instructionClock,
      kernel: this.#parts.vmlinux,
      initramfs: [this.#parts.initramfs],
      append: soakParameters,
      nics: linkedPair(this.#target.device.model),
      qemu: this.#parts.qemu,
      runDir: '',
    };
  }
}

function driverOf({ drivers }: TargetConfig, { driver }: SimWorld): DriverConfig | undefined {
  return Object.values(drivers).find(({ module }) => module === driver.name);
}

/** What a simulated run may be pooled with. */
export function cellOf(
  { target, driver, machine, workload }: SimWorld,
  profile: string = usualProfile,
): Cell {
  return {
    target,
    driver: driver.name,
    defect: driver.defect,
    kernel: machine.kernel,
    mode: 'sim',
    accel: 'tcg',
    profile,
    workload: workload.name,
  };
}
