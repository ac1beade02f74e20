// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { DriverTraits } from '../config/define-lab.ts';
import type { CrashReport } from '../console/crash-report.ts';
import { addTallies, emptyTally, type FaultTally } from '../fault-tally.ts';
import {
  cancelDeviceFault,
  deviceTally,
  flapLink,
  inject,
  injectDeviceFault,
} from '../faults/inject.ts';
import type { CrashRecord, Exposure, Verdict } from '../verdict.ts';
import type { RunningVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { describeExit } from '../vm/qemu-process.ts';
import type { SshCredentials, SshSession } from '../vm/ssh-session.ts';
import { unpackArchives } from './boot-sequence.ts';
import { concludeRun, type EndedRun, type RunIdentity } from './conclude-run.ts';
import { CrashWatch, type Trouble } from './crash-watch.ts';
import { entryReport, readDeviceLog } from './device-log.ts';
import { deviceReport } from './device-report.ts';
import { writeDurably } from './durable-file.ts';
import { EventLog } from './event-log.ts';
import { type DeviceMadeFault, FaultSchedule } from './fault-schedule.ts';
import { Guest } from './guest.ts';
import { GuestClock } from './guest-clock.ts';
import { GuestDriver } from './guest-driver.ts';
import { InjectedFaults } from './injected-faults.ts';
import { linkPartners } from './link-partners.ts';
import { Peer, type PeerParts, withCable } from './peer.ts';
import { processorState, sleepsInInterrupt } from './processor-state.ts';
import { Slots } from './slot.ts';
import { sshGuest } from './ssh-guest.ts';
import { injectStandingFault } from './standing-faults.ts';
import { startVm } from './start-vm.ts';
import { silenceMs } from './watchdogs.ts';
import { churn } from './workload.ts';
import { type Stage, type WorkloadEnd, workloadEndOf } from './workload-end.ts';
import { prepareEndChecks } from './workloads/end-checks.ts';
import type { World } from './world.ts';

/** What a live run needs besides its world. */
export interface LiveRunDeps extends RunIdentity {
  readonly machine: MachineSpec;
  readonly credentials: SshCredentials;
  /** cpio archives with what the machine's template does not have, as the driver. */
  readonly archives?: readonly string[];
  /** PCI identity of the device under test, `vendor:device`. */
  readonly pciId: string;
  /** What the configuration says of the driver. */
  readonly driverTraits?: DriverTraits | undefined;
  /** The second machine, for a world that needs one. */
  readonly peer?: PeerParts | undefined;
  /** Told each time the run enters a new step. */
  readonly onStep?: (step: string) => void;
}

/** Longest time from QEMU's start to a login, in milliseconds: the debug kernel takes 24 s unloaded. */
const bootMs = { fast: 60_000, debug: 180_000 } as const;

/** Time for an answer to the simplest question. */
const lastQuestionMs = 20_000;
const afterAlarmMs = 10_000;
const lastQuestion = 'the last question, after the run was cut';
const interruptLost = 'QEMU lost the end of an interrupt: a processor sleeps with one in service';

/**
 * Runs one world on a fresh machine and returns its verdict, which is on the disk by then. When
 * `wait` ends, the run is cut short: without a crash it passes with the exposure it had. Rejects
 * only when the verdict could not be written.
 */
export async function runLive(world: World, deps: LiveRunDeps, wait: Wait): Promise<Verdict> {
  return await new LiveRun(world, deps, wait).run();
}

class LiveRun {
  readonly #world: World;
  readonly #deps: LiveRunDeps;
  readonly #wait: Wait;
  readonly #clock = new GuestClock();
  readonly #events: EventLog;
  readonly #phasesMs: Record<string, number> = {};
  readonly #startedAt = new Date();
  readonly #injected = new InjectedFaults(this.#clock);
  /** Faults of the present step, which end with it. */
  readonly #waiting: { readonly nic: string; readonly id: number }[] = [];
  #stage: Stage = 'launch';
  /** What cards have counted that QEMU has forgotten since. */
  #ofGone = emptyTally;
  #peer: Peer | undefined;
  #answersAfterAlarm = false;
  #interruptLost = false;
  #exposedSince: number | undefined;
  #exposedUntil: number | undefined;

  constructor(world: World, deps: LiveRunDeps, wait: Wait) {
    this.#world = world;
    this.#deps = deps;
    this.#wait = wait;
    this.#events = new EventLog(join(deps.folder.path, 'events.ndjson'), this.#clock);
  }

  async run(): Promise<Verdict> {
    await using _events = this.#events;
    await using _peer = { [Symbol.asyncDispose]: () => this.#stopPeer() };
    let vm: RunningVm;
    try {
      this.#step('launch');
      const { template = null } = this.#deps.machine;
      this.#events.write('machine', { forkedFrom: template });
      vm = await startVm(await this.#wired(), this.#bootWait());
    } catch (error) {
      return await this.#conclude(
        {
          end: workloadEndOf(error, this.#wait),
          reports: [],
          qmpAnswers: false,
          ...noSigns,
        },
        emptyTally,
      );
    }
    return await this.#runIn(vm);
  }

  /** The machine, wired to the second one, which is started first, if there is to be one. */
  async #wired(): Promise<MachineSpec> {
    const { peer, machine } = this.#deps;
    if (peer === undefined) return machine;
    this.#step('peer');
    this.#peer = await Peer.start(peer, machine.runDir, this.#bootWait(), this.#wait.signal);
    this.#step('launch');
    return withCable(machine);
  }

  async #stopPeer(): Promise<void> {
    await this.#peer?.[Symbol.asyncDispose]();
  }

  async #runIn(vm: RunningVm): Promise<Verdict> {
    await using _vm = vm;
    using watch = new CrashWatch(vm, this.#world.driver.name, (trouble: Trouble) => {
      this.#exposedUntil ??= performance.now();
      this.#events.write('trouble', { source: trouble });
      this.#deps.onStep?.('crash');
    });
    this.#recordQmpEvents(vm, watch);
    const end = await this.#workload(vm, watch);
    this.#exposedUntil ??= performance.now();
    this.#events.write('workload-end', { ...end });
    await this.#awaitEvidence(end, watch);
    if (watch.onlyStalls) await this.#lookAtProcessors(vm);
    const aftermath: Wait = {
      signal: never,
      deadline: Deadline.after(5_000),
    };
    const tally = await deviceTally(vm.qmp, this.#deps.machine.nics, aftermath).catch(
      () => undefined,
    );
    watch.stopping();
    this.#step('stop');
    const { exit } = await vm.stop();
    this.#events.write('qemu-exit', { how: describeExit(exit) });
    for (const report of await this.#readDeviceLogs()) {
      watch.reportOfDevice(report);
    }
    const { reports, ...signs } = watch.finish();
    return await this.#conclude(
      { end, reports, ...signs, qmpAnswers: tally !== undefined },
      [
        tally ?? emptyTally,
        this.#ofGone,
        this.#injected.flapTally,
        this.#injected.allocationTally(watch.failedAllocations),
      ].reduce(addTallies),
    );
  }

  /** Drives the guest until the workload ends in one way or the other. */
  async #workload(vm: RunningVm, watch: CrashWatch): Promise<WorkloadEnd> {
    const cut = new AbortController();
    const remaining = this.#wait.deadline.remainingMs();
    const timer = Number.isFinite(remaining)
      ? setTimeout(() => cut.abort(), Math.min(remaining, 2 ** 31 - 1))
      : undefined;
    const signal = AbortSignal.any([watch.signal, this.#wait.signal, cut.signal]);
    try {
      const session = await this.#boot(vm, signal);
      await using _session = session;
      try {
        const guest = new Guest(sshGuest(session), signal, (doing, ms) => {
          this.#events.write('guest', { doing, tookMs: Math.round(ms) });
        });
        await this.#drive(guest, vm, signal);
        return { kind: 'finished' };
      } catch (error) {
        const end = signal.aborted ? cutOrCrashed(watch) : workloadEndOf(error, this.#wait);
        if (end.kind === 'cut') {
          return await this.#afterSilence(await provesLife(session), vm, watch, session);
        }
        if (end.kind === 'alarm') {
          await watch.collect(never);
        }
        if (end.kind === 'alarm' && watch.onlyStalls) {
          this.#answersAfterAlarm = (await ask(session, afterAlarmMs)) === 'answers';
        }
        return await this.#afterSilence(await lostOrStuck(end, session), vm, watch, session);
      }
    } catch (error) {
      return signal.aborted ? cutOrCrashed(watch) : workloadEndOf(error, this.#wait);
    } finally {
      clearTimeout(timer);
    }
  }

  async #boot(vm: RunningVm, signal: AbortSignal): Promise<SshSession> {
    this.#step('boot');
    this.#stage = 'boot';
    const wait: Wait = { signal, deadline: this.#bootWait().deadline };
    // Ends a session whose guest is silent during a command that may take long. Others end by themselves
    // before, so that there is a session to ask whether all of the guest is silent.
    const keepalive = { intervalMs: 8_000, countMax: 12 };
    const session = await vm.connectSsh(this.#deps.credentials, wait, { keepalive });
    await unpackArchives({ vm, ssh: session }, this.#deps.archives ?? [], wait);
    return session;
  }

  async #drive(guest: Guest, vm: RunningVm, signal: AbortSignal): Promise<void> {
    const { driver: tested, workload, plan } = this.#world;
    const { pciId, driverTraits: traits } = this.#deps;
    const driver = await GuestDriver.find(guest, tested.name, pciId, { traits });
    const uptimeMs = await driver.uptimeMs();
    if (uptimeMs !== undefined) {
      this.#clock.sync(uptimeMs);
    }
    await prepareEndChecks(workload.params.atEnd, guest);
    this.#step('load');
    this.#stage = 'load';
    this.#exposedSince = performance.now();
    await driver.load();
    await driver.bind();
    await driver.linkUp();
    this.#stage = 'churn';
    this.#step('churn');
    for (const planned of workload.params.deviceFaults ?? []) {
      await injectStandingFault(vm.qmp, planned, { signal, deadline: Deadline.after(10_000) });
      this.#events.write('standing-fault', { ...planned });
      this.#injected.standing(planned);
    }
    const context = {
      guest,
      driver,
      schedule: new FaultSchedule(plan),
      slots: new Slots(vm.qmp, this.#deps.machine.nics, signal, {
        beforeItGoes: (id) => this.#keepTally(vm, id),
      }),
      partners: linkPartners(vm.qmp, this.#deps.machine.nics, signal),
      peer: this.#peer,
      makeFault: (fault: DeviceMadeFault) => this.#makeFault(vm, fault, signal),
      settleFaults: () => this.#settleFaults(vm, signal),
      observer: {
        phase: (round: number, phase: string) => {
          this.#events.write('phase', { round, phase });
        },
        allocFailures: (
          round: number,
          phase: string,
          count: { requested: number; delivered: number },
        ) => {
          this.#injected.allocations(phase, count);
          this.#events.write('alloc-failures', { round, phase, ...count });
        },
      },
      signal,
    };
    await churn(workload.params, context, Deadline.after(workload.params.churnMs));
  }

  async #makeFault(vm: RunningVm, fault: DeviceMadeFault, signal: AbortSignal): Promise<void> {
    const wait: Wait = { signal, deadline: Deadline.after(10_000) };
    if (fault.type === 'link-flap' && !this.#isFerronic(fault.nic)) {
      this.#events.write('fault', { ...fault });
      this.#injected.flaps(fault, await flapLink(vm.qmp, fault, wait));
      return;
    }
    if (fault.type === 'device-fault') {
      const id = await injectDeviceFault(vm.qmp, fault, wait);
      this.#events.write('fault', { ...fault, id: id ?? null });
      if (id !== undefined) {
        this.#waiting.push({ nic: fault.nic, id });
        this.#injected.device(fault);
      }
      return;
    }
    const injection = await inject(vm.qmp, fault, wait);
    this.#events.write('fault', { ...fault, injection });
    if (injection === 'injected') {
      this.#injected.device(fault);
    }
  }

  async #keepTally(vm: RunningVm, nic: string): Promise<void> {
    const wait: Wait = { signal: never, deadline: Deadline.after(5_000) };
    const nics = this.#deps.machine.nics.filter(({ id }) => id === nic);
    const tally = await deviceTally(vm.qmp, nics, wait).catch(() => emptyTally);
    this.#ofGone = addTallies(this.#ofGone, tally);
  }

  async #settleFaults(vm: RunningVm, signal: AbortSignal): Promise<void> {
    const wait: Wait = { signal, deadline: Deadline.after(10_000) };
    for (const { nic, id } of this.#waiting.splice(0)) {
      await cancelDeviceFault(vm.qmp, nic, id, wait);
    }
  }

  /**
   * Gives a silent guest's watchdogs time to name the cause; without any, finds out whether the machine has
   * kept the guest from going on: it may have lost the end of an interrupt, or an interrupt, and then another one
   * makes the guest go on, and not one that its driver hangs.
   */
  async #afterSilence(
    end: WorkloadEnd,
    vm: RunningVm,
    watch: CrashWatch,
    session: SshSession,
  ): Promise<WorkloadEnd> {
    if (end.kind !== 'stuck') return end;
    await this.#awaitWatchdogs(watch);
    if (watch.signal.aborted) return end;
    const answer = await ask(session, afterAlarmMs);
    if (answer === 'answers') return end.doing === lastQuestion ? { kind: 'cut' } : end;
    await this.#lookAtProcessors(vm);
    if (this.#interruptLost)
      return { kind: 'lab', problem: `${interruptLost}, during: ${end.doing}` };
    if (answer === 'lost') return end;
    const wait: Wait = { signal: never, deadline: Deadline.after(5_000) };
    await vm.qmp.execute('inject-nmi', {}, wait).catch(() => undefined);
    this.#answersAfterAlarm = (await ask(session, lastQuestionMs)) === 'answers';
    this.#events.write('nmi', { answers: this.#answersAfterAlarm });
    const problem = `the guest stood still until it was sent an NMI, during: ${end.doing}`;
    return this.#answersAfterAlarm ? { kind: 'lab', problem } : end;
  }

  async #awaitWatchdogs(watch: CrashWatch): Promise<void> {
    if (watch.signal.aborted) return;
    this.#step('silence');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, silenceMs);
      watch.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Lets a crash write its report. */
  async #awaitEvidence(end: WorkloadEnd, watch: CrashWatch): Promise<void> {
    if (end.kind === 'lost') await this.#awaitWatchdogs(watch);
    if (watch.signal.aborted) {
      this.#step('collect');
      await watch.collect(never);
    }
  }

  async #conclude(
    {
      reports,
      deviceReports,
      ...signs
    }: {
      readonly end: WorkloadEnd;
      readonly reports: readonly CrashReport[];
      readonly deviceReports: readonly CrashRecord[];
      readonly panicked: boolean;
      readonly guestReset: boolean;
      readonly qemuDied: string | null;
      readonly driverInStack: boolean;
      readonly qmpAnswers: boolean;
    },
    faults: FaultTally,
  ): Promise<Verdict> {
    const evidence = {
      ...signs,
      stage: this.#stage,
      guestAnswers: this.#answersAfterAlarm,
      interruptLost: this.#interruptLost,
    };
    const run: EndedRun = {
      world: this.#world,
      startedAt: this.#startedAt,
      reports,
      deviceReports,
      evidence,
      exposure: this.#exposure(),
      faults,
      lastFaults: this.#injected.recent(),
      phasesMs: this.#phasesMs,
    };
    return await concludeRun(run, this.#deps, this.#events);
  }

  /** A processor that idles with a timer that is not set was stalled by the machine, not by the driver. */
  async #lookAtProcessors(vm: RunningVm): Promise<void> {
    const wait: Wait = { signal: never, deadline: Deadline.after(5_000) };
    const { cpus } = this.#deps.machine;
    const file = join(this.#deps.folder.path, 'processors.txt');
    try {
      const state = await processorState(vm, cpus, wait);
      this.#interruptLost = sleepsInInterrupt(state);
      await writeDurably(file, state);
    } catch (error) {
      // A verdict without it is better than none.
      this.#events.write('no-processor-state', { why: String(error) });
    }
  }

  #exposure(): Exposure {
    if (this.#exposedSince === undefined || this.#exposedUntil === undefined) {
      return noExposure;
    }
    const wallMs = Math.max(0, Math.round(this.#exposedUntil - this.#exposedSince));
    const from = this.#clock.nowNs(this.#exposedSince);
    const until = this.#clock.nowNs(this.#exposedUntil);
    const virtualMs =
      from === undefined || until === undefined ? 0 : Math.max(0, Math.round((until - from) / 1e6));
    return { wallMs, virtualMs };
  }

  /** Takes what the devices have logged into the events; what of it speaks against the driver. */
  async #readDeviceLogs(): Promise<readonly CrashRecord[]> {
    const reports: CrashRecord[] = [];
    const { nics, runDir } = this.#deps.machine;
    for (const { log } of nics) {
      if (log === undefined) {
        continue;
      }
      for await (const { type, ...entry } of readDeviceLog(join(runDir, log))) {
        this.#events.write(eventOf[type], entry);
        const report = entryReport({ type, ...entry });
        if (report !== null) {
          reports.push(report);
        }
      }
    }
    return reports;
  }

  #recordQmpEvents(vm: RunningVm, watch: CrashWatch): void {
    const record = async () => {
      for await (const event of vm.qmp.events()) {
        this.#events.write('qmp', { name: event.name, data: event.data });
        const report = deviceReport(event);
        if (report !== null) {
          watch.reportOfDevice(report);
        }
      }
    };
    record().catch(() => undefined);
  }

  #step(step: string): void {
    this.#phasesMs[step] = Math.round(Date.now() - this.#startedAt.getTime());
    this.#events.write('step', { step });
    this.#deps.onStep?.(step);
  }

  #bootWait(): Wait {
    const longest = bootMs[this.#world.machine.kernel];
    return { signal: this.#wait.signal, deadline: this.#wait.deadline.sooner(longest) };
  }

  #isFerronic(nic: string): boolean {
    return this.#deps.machine.nics.some(({ id, model }) => id === nic && model === 'ferronic');
  }
}

/** What an entry of a device's log is among the events; `time` says when it was, `wall` when it was read. */
const eventOf = { violation: 'violation', fault: 'fault-delivered' } as const;
/** For waits that nothing but their deadline ends. */
const never = new AbortController().signal;
const noExposure: Exposure = { wallMs: 0, virtualMs: 0 };
const noSigns = {
  deviceReports: [],
  panicked: false,
  guestReset: false,
  qemuDied: null,
  driverInStack: false,
} as const;

/** The signs of the crash decide; that the workload was ended by them says nothing more. */
function cutOrCrashed(watch: CrashWatch): WorkloadEnd {
  return watch.signal.aborted ? { kind: 'alarm' } : { kind: 'cut' };
}

/** Asks the guest for the simplest of things. */
async function ask(session: SshSession, longestMs: number): Promise<'answers' | 'silent' | 'lost'> {
  const wait: Wait = { signal: never, deadline: Deadline.after(longestMs) };
  try {
    return (await session.exec('true', wait)).kind === 'lost' ? 'lost' : 'answers';
  } catch {
    return 'silent';
  }
}

/** A run that is cut passes only when its guest still answers. */
async function provesLife(session: SshSession): Promise<WorkloadEnd> {
  const doing = lastQuestion;
  switch (await ask(session, lastQuestionMs)) {
    case 'answers':
      return { kind: 'cut' };
    case 'silent':
      return { kind: 'stuck', doing };
    case 'lost':
      return await lostOrStuck({ kind: 'lost', doing }, session);
  }
}

/**
 * A channel that closed after its keepalive went unanswered is a silent guest; one that just closed
 * is a lab that lost its guest.
 */
async function lostOrStuck(end: WorkloadEnd, session: SshSession): Promise<WorkloadEnd> {
  if (end.kind !== 'lost') {
    return end;
  }
  const { cause } = await session.closed;
  return cause?.message.includes('Keepalive') === true ? { kind: 'stuck', doing: end.doing } : end;
}
