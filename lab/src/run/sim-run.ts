// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { DriverTraits } from '../config/define-lab.ts';
import { LabFailure } from '../errors.ts';
import { addTallies, emptyTally } from '../fault-tally.ts';
import { cancelDeviceFault, deviceTally, faultAhead, injectDeviceFault } from '../faults/inject.ts';
import type { CrashRecord, Verdict } from '../verdict.ts';
import type { DriverTrace, MachineSpec } from '../vm/machine-spec.ts';
import { describeExit, endedByGuest } from '../vm/qemu-process.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import {
  type ScheduleReport,
  type StopPoint,
  scheduleReportFile,
  type VcpuPolicy,
  type VcpuSchedulerSpec,
} from '../vm/vcpu-scheduler.ts';
import { concludeRun, type EndedRun, type RunIdentity } from './conclude-run.ts';
import { ConsoleFile } from './console-file.ts';
import { deviceReports, firstComplaint, type Place } from './device-log.ts';
import { addStates, type DeviceStates, deviceStates } from './device-states.ts';
import { setUpDriver } from './driver-setup.ts';
import type { LoadedDriver } from './driver-template.ts';
import { writeDurably } from './durable-file.ts';
import { EventLog } from './event-log.ts';
import { type DeviceMadeFault, FaultSchedule } from './fault-schedule.ts';
import { Guest } from './guest.ts';
import { GuestDriver } from './guest-driver.ts';
import { InjectedFaults } from './injected-faults.ts';
import { linkPartners } from './link-partners.ts';
import type { ModuleSections } from './module-sections.ts';
import { SimulatedGuest } from './simulated-guest.ts';
import { Slots } from './slot.ts';
import { injectStandingFault } from './standing-faults.ts';
import { churn } from './workload.ts';
import { type Stage, type WorkloadEnd, WorkloadEnded, workloadEndOf } from './workload-end.ts';
import type { Schedule, SimWorld } from './world.ts';

/** What a simulated run needs besides its world. */
export interface SimRunDeps extends RunIdentity {
  /** Without its schedule, which is the world's. */
  readonly machine: MachineSpec;
  /** Saved machine to begin with. */
  readonly template: string;
  /** The driver in it, when there is one: loaded, bound and joined. */
  readonly loaded: LoadedDriver | null;
  /** cpio archives with what the template does not have, as the driver. */
  readonly archives: readonly string[];
  /** PCI identity of the device under test, `vendor:device`. */
  readonly pciId: string;
  /** What the configuration says of the driver. */
  readonly driverTraits?: DriverTraits | undefined;
  /** Whether the turns are written to `switchesFile`. */
  readonly recordSwitches?: boolean;
  /** What is written down of the driver's code that is executed. */
  readonly driverTrace?: DriverTrace;
  /** Where the machine is held, once, and who comes to see it; such a run is no result. */
  readonly hold?: Visit;
  /** Files that the run folder gets before QEMU starts. */
  readonly files?: Readonly<Record<string, string>>;
  /** Trace events of QEMU that the run begins with; more can be switched on where it is held. */
  readonly traceEvents?: readonly string[];
}

/** A place in a run where somebody comes to see the machine, which stands still, and the driver as it is loaded. */
export interface Visit {
  readonly at: StopPoint;
  readonly reached: (
    machine: SimulatedMachine,
    loads: readonly ModuleSections[],
  ) => Promise<'go-on' | 'end'>;
}

/** What a run is made to tell, or how it is held: nothing of it changes what the guest does. */
export type SimRunOptions = Pick<
  SimRunDeps,
  'recordSwitches' | 'driverTrace' | 'hold' | 'files' | 'traceEvents'
>;

/** What a world's run is each time; in the run folder too. Counts are since the template went on. */
export interface SimTrace extends ScheduleReport {
  readonly version: 1;
  readonly consoleSha256: string;
}

/** What came of a simulated run. */
export interface SimRun extends SimTrace {
  readonly verdict: Verdict;
  /** The folder of the run. */
  readonly folder: string;
  /** Where the driver's code was, each time it was loaded. */
  readonly loads: readonly ModuleSections[];
  /** Of all cards, since the machine was booted; none of one that could not be asked. */
  readonly states: DeviceStates;
  /** Where a device first complained of the driver. */
  readonly complaint: Place | undefined;
  /** QEMU could not load the saved machine that it was to begin with. */
  readonly badTemplate: boolean;
  readonly wallMs: number;
  /** From its start until its guest executed something; `null` when it had nothing to do. */
  readonly firstInstructionMs: number | null;
}

/** The file of the run folder with the SimTrace. */
export const simTraceFile = 'simulation.json';

/** Ends a workload when its guest, or a device, has reported something. */
class Alarm extends Error {}

/** The file of the run folder with the turns as a list has them; its lines: QEMU's qapi/qom.json, "record". */
export const switchesFile = 'switches.txt';

const turnsFile = 'turns.txt';
const never = new AbortController().signal;
const commandMs = 10_000;
const lastMomentMs = 2_000;
const nothingRan: ScheduleReport = { instructions: 0, virtualNs: 0, switches: 0, schedule: '' };

/** Runs a world; the verdict is on the disk when this resolves. Rejects only when it could not be written. */
export async function runSimulated(world: SimWorld, deps: SimRunDeps, wait: Wait): Promise<SimRun> {
  return await new SimulatedRun(world, deps, wait).run();
}

class SimulatedRun {
  readonly #world: SimWorld;
  readonly #deps: SimRunDeps;
  readonly #wait: Wait;
  readonly #startedAt = new Date();
  readonly #since = performance.now();
  readonly #clock = { nowNs: () => this.#guest?.virtualNs };
  readonly #events: EventLog;
  readonly #injected = new InjectedFaults(this.#clock);
  readonly #console: ConsoleFile;
  readonly #waiting: { readonly nic: string; readonly id: number }[] = [];
  readonly #loads: ModuleSections[] = [];
  #guest: SimulatedGuest | undefined;
  #stage: Stage = 'launch';
  #faults = emptyTally;
  /** How QEMU ended, if neither the lab nor the guest ended it. */
  #killed: string | undefined;
  #states: DeviceStates = {};

  constructor(world: SimWorld, deps: SimRunDeps, wait: Wait) {
    this.#world = world;
    this.#deps = deps;
    this.#wait = wait;
    this.#events = new EventLog(join(deps.folder.path, 'events.ndjson'), this.#clock);
    this.#console = new ConsoleFile(join(deps.folder.path, 'console.log'), world.driver.name);
  }

  async run(): Promise<SimRun> {
    await using _events = this.#events;
    let badTemplate = false;
    const end = await this.#inMachine().catch((error: unknown) => {
      badTemplate = error instanceof LabFailure && error.code === 'BAD_TEMPLATE';
      return this.#endOf(error);
    });
    await this.#console.read();
    const ran = await this.#scheduleReport();
    const trace: SimTrace = { version: 1, consoleSha256: this.#console.sha256(), ...ran };
    const file = join(this.#deps.folder.path, simTraceFile);
    await writeDurably(file, `${JSON.stringify(trace)}\n`);
    const verdict = await this.#conclude(end, ran);
    const wallMs = Math.round(performance.now() - this.#since);
    const { path: folder } = this.#deps.folder;
    const wentOnAt = this.#guest?.machine.wentOnAt;
    const firstInstructionMs = wentOnAt === undefined ? null : wentOnAt - this.#since;
    return {
      verdict,
      folder,
      loads: this.#loads,
      states: this.#states,
      complaint: await firstComplaint(folder, this.#deps.machine.nics),
      badTemplate,
      ...trace,
      wallMs,
      firstInstructionMs,
    };
  }

  async #inMachine(): Promise<WorkloadEnd> {
    const spec = await this.#machineSpec();
    await using machine = await SimulatedMachine.load(spec, this.#wait);
    const { hold } = this.#deps;
    if (hold !== undefined) {
      const reached = () => hold.reached(machine, this.#loads);
      machine.holdAt({ at: hold.at, reached });
    }
    this.#stage = 'boot';
    const end = await this.#workload(machine).catch((error: unknown) => this.#endOf(error));
    this.#events.write('workload-end', { ...end });
    const wait: Wait = { signal: never, deadline: Deadline.after(commandMs) };
    const nics = spec.nics.map(({ id }) => id);
    const tally = await deviceTally(machine.vm.qmp, spec.nics, wait).catch(() => undefined);
    if (tally === undefined) this.#killed = await killedMeanwhile(machine);
    this.#faults = [tally ?? emptyTally, this.#faults, this.#injected.allocationTally(0)].reduce(
      addTallies,
    );
    for (const id of nics) await this.#noteStates(machine, [id]).catch(() => undefined);
    const { exit } = await machine.vm.stop();
    this.#events.write('qemu-exit', { how: describeExit(exit) });
    return end;
  }

  async #noteStates({ vm }: SimulatedMachine, nics: readonly string[]): Promise<void> {
    const states = await deviceStates(vm.qmp, nics, {
      signal: never,
      deadline: Deadline.after(commandMs),
    });
    this.#states = addStates(this.#states, states);
  }

  /** Of a card that QEMU is to forget, with all that it has counted. */
  async #keepTally({ vm }: SimulatedMachine, nic: string): Promise<void> {
    const wait: Wait = { signal: never, deadline: Deadline.after(commandMs) };
    const nics = this.#deps.machine.nics.filter(({ id }) => id === nic);
    const tally = await deviceTally(vm.qmp, nics, wait).catch(() => emptyTally);
    this.#faults = addTallies(this.#faults, tally);
  }

  async #machineSpec(): Promise<MachineSpec> {
    const { machine, template, folder } = this.#deps;
    const { schedule, seed } = this.#world;
    if (schedule.policy === 'list') {
      const lines = schedule.turns.map(([at, cpu]) => `${at} ${cpu}\n`);
      await writeFile(join(folder.path, turnsFile), lines.join(''));
    }
    const record = this.#deps.recordSwitches === true ? { record: switchesFile } : {};
    const scheduler = { ...schedulerSpec(schedule, seed), ...record };
    const { driverTrace, traceEvents, files = {} } = this.#deps;
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder.path, name), text);
    const traced = {
      ...(driverTrace === undefined ? {} : { driverTrace }),
      ...(traceEvents === undefined ? {} : { traceEvents }),
    };
    return { ...machine, ...traced, template, simulation: { scheduler } };
  }

  async #workload(machine: SimulatedMachine): Promise<WorkloadEnd> {
    const { workload, plan } = this.#world;
    const { signal } = this.#wait;
    const archives = await Promise.all(this.#deps.archives.map((archive) => readFile(archive)));
    const session = new SimulatedGuest(machine, Buffer.concat(archives), async () => {
      await this.#console.read();
      const ofDevices = await this.#deviceReports();
      if (this.#console.reports.length + ofDevices.length > 0) throw new Alarm();
    });
    this.#guest = session;
    const guest = new Guest(session, signal, (doing) => this.#events.write('guest', { doing }));
    const driver = await this.#driver(guest);
    this.#stage = 'churn';
    for (const planned of workload.params.deviceFaults ?? []) {
      await injectStandingFault(machine.vm.qmp, planned, this.#command());
      this.#events.write('standing-fault', { ...planned });
      this.#injected.standing(planned);
    }
    const until = session.virtualNs + workload.params.churnMs * 1e6;
    const { qmp } = machine.vm;
    await churn(
      workload.params,
      {
        guest,
        driver,
        partners: linkPartners(qmp, this.#deps.machine.nics, signal),
        slots: new Slots(qmp, this.#deps.machine.nics, signal, {
          rest: (ms) => guest.rest(ms),
          ahead: true,
          beforeItGoes: async (id) => {
            await this.#noteStates(machine, [id]).catch(() => undefined);
            await this.#keepTally(machine, id);
          },
        }),
        schedule: new FaultSchedule(plan).aheadOfTime,
        makeFault: (fault, afterNs) => this.#makeFault(machine, fault, afterNs),
        settleFaults: async () => {
          for (const { nic, id } of this.#waiting.splice(0)) {
            await cancelDeviceFault(qmp, nic, id, this.#command());
          }
        },
        observer: {
          phase: (round, phase) => this.#events.write('phase', { round, phase }),
          allocFailures: (round, phase, count) => {
            this.#injected.allocations(phase, count);
            this.#events.write('alloc-failures', { round, phase, ...count });
          },
        },
        signal,
      },
      {
        get expired() {
          return session.virtualNs >= until;
        },
      },
    );
    return { kind: 'finished' };
  }

  /** The driver, where workloads begin. */
  async #driver(guest: Guest): Promise<GuestDriver> {
    const { driver, workload } = this.#world;
    const { loaded, pciId, driverTraits: traits } = this.#deps;
    const onLoad = (sections: ModuleSections) => {
      this.#events.write('loaded', { sections });
      this.#loads.push(sections);
    };
    if (loaded !== null) {
      onLoad(loaded.sections);
      return GuestDriver.of(guest, driver.name, loaded.devices, { onLoad, traits });
    }
    const { atEnd } = workload.params;
    const onBegin = () => {
      this.#stage = 'load';
    };
    const setup = { module: driver.name, pciId, atEnd };
    return await setUpDriver(guest, setup, onLoad, { onBegin, traits });
  }

  async #makeFault(
    machine: SimulatedMachine,
    fault: DeviceMadeFault,
    afterNs: number,
  ): Promise<void> {
    const { nic } = fault;
    const ahead = { nic, fault: faultAhead(fault, afterNs) };
    const id = await injectDeviceFault(machine.vm.qmp, ahead, this.#command());
    this.#events.write('fault', { ...fault, afterNs, id: id ?? null });
    if (id === undefined) return;
    this.#waiting.push({ nic, id });
    this.#injected.device(fault);
  }

  #command(): Wait {
    return { signal: this.#wait.signal, deadline: Deadline.after(commandMs) };
  }

  #endOf(error: unknown): WorkloadEnd {
    // A guest is silent because it has ended; its console says why.
    const silenced = error instanceof WorkloadEnded && this.#guest?.end !== undefined;
    if (error instanceof Alarm || silenced) return { kind: 'alarm' };
    return workloadEndOf(error, this.#wait);
  }

  async #scheduleReport(): Promise<ScheduleReport> {
    try {
      const text = await readFile(join(this.#deps.folder.path, scheduleReportFile), 'utf8');
      return JSON.parse(text) as ScheduleReport;
    } catch {
      // QEMU did not get so far, or did not end in order.
      return nothingRan;
    }
  }

  async #deviceReports(): Promise<readonly CrashRecord[]> {
    return await deviceReports(this.#deps.folder.path, this.#deps.machine.nics);
  }

  async #conclude(end: WorkloadEnd, ran: ScheduleReport): Promise<Verdict> {
    const reports = this.#console.end();
    const ofDevices = await this.#deviceReports();
    const guestEnd = this.#guest?.end;
    const ended = guestEnd?.kind === 'ended' ? guestEnd.exit : undefined;
    // One that is dying may have answered once more.
    const killed =
      this.#killed ??
      (ended === undefined || endedByGuest(ended) ? undefined : describeExit(ended));
    // What was seen up to there may be right, but it is no run of this world: another one tells.
    const whole = killed === undefined;
    const run: EndedRun = {
      world: this.#world,
      startedAt: this.#startedAt,
      reports: whole ? reports : [],
      deviceReports: whole ? ofDevices : [],
      evidence: {
        stage: this.#stage,
        end: whole ? end : { kind: 'lab', problem: `QEMU ${killed} before the run was over` },
        panicked: guestEnd?.kind === 'panicked',
        guestReset: ended !== undefined && endedByGuest(ended),
        qemuDied: null,
        driverInStack: this.#console.driverInStack,
        guestAnswers: false,
        interruptLost: false,
        qmpAnswers: true,
      },
      exposure: {
        wallMs: Math.round(performance.now() - this.#since),
        virtualMs: Math.round(ran.virtualNs / 1e6),
      },
      faults: this.#faults,
      lastFaults: this.#injected.recent(),
      phasesMs: {},
    };
    return await concludeRun(run, this.#deps, this.#events);
  }
}

/** How QEMU ended that does not answer any more; undefined if its guest ended it, or it has not ended. */
async function killedMeanwhile({ vm }: SimulatedMachine): Promise<string | undefined> {
  const exit = await Promise.race([vm.exited, delay(lastMomentMs)]);
  return exit === undefined || endedByGuest(exit) ? undefined : describeExit(exit);
}

/** What QEMU is told of a schedule; a list of turns it reads from a file. */
export function schedulerSpec(schedule: Schedule, seed: number): VcpuSchedulerSpec {
  const { irqDelayMax } = schedule;
  return {
    policy: vcpuPolicy(schedule),
    seed: BigInt(seed),
    ...(irqDelayMax === undefined ? {} : { irqDelayMax }),
  };
}

function vcpuPolicy(schedule: Schedule): VcpuPolicy {
  switch (schedule.policy) {
    case 'list':
      return {
        policy: 'list',
        file: turnsFile,
        ...(schedule.sliceMax === undefined ? {} : { sliceMax: schedule.sliceMax }),
      };
    default:
      return schedule;
  }
}
