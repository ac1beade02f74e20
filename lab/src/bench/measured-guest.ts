// SPDX-License-Identifier: Apache-2.0
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { BootedVm } from '../run/boot-sequence.ts';
import { DriverFailure } from '../run/driver-failure.ts';
import { unlessMachineDies } from '../run/machine-death.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import { guestShell } from './guest-shell.ts';

/** A script for the guest. */
export interface GuestTask {
  /** What it does, for an error: "sending with igb". */
  readonly doing: string;
  /** May use the functions of `guestShell`. */
  readonly script: string;
  readonly longestMs: number;
  /** Whose fault a failure is; without it, the lab's. */
  readonly driver?: string;
}

/** Runs scripts in a guest that is being measured. A failed script is an error. */
export class MeasuredGuest {
  readonly #booted: BootedVm;
  readonly #signal: AbortSignal;

  constructor(booted: BootedVm, signal: AbortSignal) {
    this.#booted = booted;
    this.#signal = signal;
  }

  /** Output of the script. DriverFailure or LabFailure when it fails or the machine dies. */
  async run(task: GuestTask): Promise<string> {
    const { vm, ssh } = this.#booted;
    const wait: Wait = { signal: this.#signal, deadline: Deadline.after(task.longestMs) };
    const script = `${guestShell}\n${task.script}`;
    const suspect = task.driver === undefined ? 'lab' : 'driver';
    const result = await unlessMachineDies(vm, suspect, ssh.exec(script, wait));
    if (result.kind === 'exited' && result.code === 0) return result.stdout;
    const said = stripTerminalEscapes(`${result.stdout}${result.stderr}`.trim());
    const message = `${task.doing} failed in the guest: ${said === '' ? result.kind : said}`;
    const options = { remedy: 'The console of the guest is in the run folder.' };
    throw task.driver === undefined
      ? new LabFailure('BENCH_SCRIPT', message, options)
      : new DriverFailure('BENCH_SCRIPT', message, options);
  }
}
