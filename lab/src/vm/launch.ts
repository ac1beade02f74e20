// SPDX-License-Identifier: Apache-2.0
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectionLostError } from 'qemu-ipc/errors';
import { QmpClient } from 'qemu-ipc/qmp-client';
import { Deadline, type Wait, waitFor } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { joinInitramfs } from './initramfs.ts';
import type { MachineSpec } from './machine-spec.ts';
import { type PanicNotice, watchForPanic } from './panic-notice.ts';
import { qemuArguments, qemuSandbox, sandboxPath } from './qemu-command-line.ts';
import { describeExit, type QemuProcess, startQemu, type VmExit } from './qemu-process.ts';
import { SerialConsole } from './serial-console.ts';
import { type SshCredentials, type SshOptions, SshSession } from './ssh-session.ts';
import { endQemu } from './teardown.ts';
import { stripTerminalEscapes } from './terminal-escapes.ts';
import { guestWaits, wakeGuest } from './waiting-guest.ts';

/** QEMU greets within a tenth of a second; this is for hosts under heavy load. */
const greetingMs = 20_000;
const lastMomentMs = 1_000;
/** What the kernel says when two ways to measure the clock disagree, before it takes the worse one. */
const wrongClock = 'tsc: PIT calibration deviates';

export interface RunningVm extends AsyncDisposable {
  /** Leader of the process group that holds the sandbox and QEMU. */
  readonly pid: number;
  readonly qmp: QmpClient;
  readonly console: SerialConsole;
  /** Resolves when the guest's panic device fires; pending for ever when it never does. */
  readonly panicked: Promise<PanicNotice>;
  /** Resolves when QEMU is gone, for whatever reason. Never rejects. */
  readonly exited: Promise<VmExit>;
  /** Milliseconds on the monotonic clock at which QEMU was started. */
  readonly startedAtMs: number;
  /** The same of its first answer on QMP. */
  readonly greetedAtMs: number;
  /** The folder that it writes to. */
  readonly runDir: string;
  /** Logs in over the virtio-serial port; can be called before the guest is up. One session a machine. */
  connectSsh(credentials: SshCredentials, wait: Wait, options?: SshOptions): Promise<SshSession>;
  /** Resolves when a guest that was started with the parameter `lab.wait` waits for the first login. */
  guestWaits(wait: Wait): Promise<void>;
  /** Lets such a guest go on, with the time of the host and random numbers of its own. */
  wakeGuest(): void;
  /** Ends QEMU, by force if need be; the console's record is complete afterwards. */
  stop(): Promise<StoppedVm>;
}

export interface StoppedVm {
  readonly exit: VmExit;
  /** The complete console, written by QEMU. */
  readonly consolePath: string;
}

/**
 * Starts the machine and resolves when QEMU answers on QMP, with the guest's first instructions behind it.
 * LabFailure when QEMU dies or does not greet.
 */
export async function launchVm(spec: MachineSpec, wait: Wait): Promise<RunningVm> {
  const joined = join(spec.runDir, 'initramfs.cpio');
  const initramfs = await joinInitramfs(spec.initramfs, joined);
  const startedAtMs = performance.now();
  const command = [sandboxPath.program, ...qemuArguments(spec)];
  const process = await startQemu(qemuSandbox(spec, initramfs), command, wait);
  const console = new SerialConsole(process.console);
  const qmp = await greet(process, wait);
  // QEMU has mapped the file by now; a campaign would otherwise leave one in each run's folder.
  if (initramfs === joined) await rm(joined, { force: true });
  return new LaunchedVm(process, qmp, console, startedAtMs, spec.runDir);
}

/** Connects to QMP, or ends QEMU and says why there is no connection. */
export async function greet(process: QemuProcess, wait: Wait): Promise<QmpClient> {
  const bounded: Wait = { signal: wait.signal, deadline: wait.deadline.sooner(greetingMs) };
  try {
    return await QmpClient.connect(process.qmp, bounded);
  } catch (error) {
    const died = await ownEnd(process, error);
    const exit = await endQemu(process, undefined);
    if (wait.signal.aborted) throw error;
    const what = died ? `QEMU ${describeExit(exit)} at start` : 'QEMU does not answer';
    throw startFailure(what, process, error);
  }
}

/** Whether QEMU ended by itself; its sockets close a moment before it is gone. */
async function ownEnd(process: QemuProcess, error: unknown): Promise<boolean> {
  if (!(error instanceof ConnectionLostError)) return false;
  const wait = { signal: new AbortController().signal, deadline: Deadline.after(lastMomentMs) };
  const exited = process.exited.then(() => true);
  return await waitFor(exited, wait, 'QEMU to end').catch(() => false);
}

function startFailure(what: string, process: QemuProcess, cause: unknown): LabFailure {
  const complaint = stripTerminalEscapes(process.complaint());
  return new LabFailure('QEMU_START', complaint === '' ? what : `${what}:\n${complaint}`, {
    remedy: 'Run `npm run lab:doctor`; it starts the same QEMU and checks what it needs.',
    ...(cause === undefined ? {} : { cause }),
  });
}

class LaunchedVm implements RunningVm {
  readonly pid: number;
  readonly qmp: QmpClient;
  readonly console: SerialConsole;
  readonly panicked: Promise<PanicNotice>;
  readonly exited: Promise<VmExit>;
  readonly startedAtMs: number;
  readonly greetedAtMs = performance.now();
  readonly runDir: string;
  readonly #process: QemuProcess;
  #session: Promise<SshSession> | undefined;
  #stopped: Promise<StoppedVm> | undefined;

  constructor(
    process: QemuProcess,
    qmp: QmpClient,
    console: SerialConsole,
    startedAtMs: number,
    runDir: string,
  ) {
    this.pid = process.pid;
    this.qmp = qmp;
    this.console = console;
    this.panicked = watchForPanic(qmp);
    this.exited = process.exited;
    this.startedAtMs = startedAtMs;
    this.#process = process;
    this.runDir = runDir;
  }

  connectSsh(credentials: SshCredentials, wait: Wait, options?: SshOptions): Promise<SshSession> {
    if (this.#session !== undefined) {
      // The port is one byte stream; closing a session closes it for good.
      throw new LabFailure('SSH_TAKEN', 'this machine has an SSH session already', {
        remedy: 'Use that session: it carries any number of commands at the same time.',
      });
    }
    this.#session = SshSession.connect(this.#process.ssh, credentials, wait, options);
    return this.#session.then((session) => {
      this.#checkClock();
      return session;
    });
  }

  async guestWaits(wait: Wait): Promise<void> {
    await guestWaits(this.#process.ssh, wait);
    this.#checkClock();
  }

  wakeGuest(): void {
    wakeGuest(this.#process.ssh);
  }

  /**
   * A guest that got too little of the host while it measured its processor's clock, and believes what it
   * measured, lives in a time that goes eighty times too fast: it sees lockups where there are none.
   */
  #checkClock(): void {
    if (this.console.history().some((line) => line.includes(wrongClock))) {
      throw new LabFailure('GUEST_CLOCK', 'the guest has measured its clock wrongly', {
        remedy: 'The host is too busy; start it again.',
      });
    }
  }

  stop(): Promise<StoppedVm> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<StoppedVm> {
    const exit = await endQemu(this.#process, this.qmp);
    await this.qmp[Symbol.asyncDispose]();
    await this.#session?.then(
      (session) => session[Symbol.asyncDispose](),
      () => undefined,
    );
    await this.console.ended;
    return { exit, consolePath: join(this.runDir, 'console.log') };
  }
}
