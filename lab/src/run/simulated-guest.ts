// SPDX-License-Identifier: Apache-2.0
import { TimedOutError } from 'qemu-ipc/errors';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { cpioArchive } from '../vm/cpio-archive.ts';
import type { SimulatedMachine, TaskEnd } from '../vm/simulated-machine.ts';
import type { ExecResult } from '../vm/ssh-session.ts';
import type { GuestSession } from './guest.ts';

/** Longest that the host may take for one command, in milliseconds: QEMU itself hangs, then. */
const hostMs = 600_000;

/** What has ended a simulated run from inside. */
export type GuestEnd = Exclude<TaskEnd, { kind: 'done' | 'late' }>;

/** The guest of a simulated machine: time passes for it only while it does what it was told. */
export class SimulatedGuest implements GuestSession {
  readonly machine: SimulatedMachine;
  readonly #afterEach: () => Promise<void>;
  /** Archives for the guest's file system that go with the first command. */
  #files: Buffer | undefined;
  #end: GuestEnd | undefined;
  #virtualNs = 0;

  /** `afterEach` is called when the machine stands still again; what it throws ends the run. */
  constructor(machine: SimulatedMachine, files: Buffer, afterEach: () => Promise<void>) {
    this.machine = machine;
    this.#files = files;
    this.#afterEach = afterEach;
  }

  /** How the guest has ended, if it has. */
  get end(): GuestEnd | undefined {
    return this.#end;
  }

  /** Virtual time since the run began, in nanoseconds. */
  get virtualNs(): number {
    return this.#virtualNs;
  }

  async exec(command: string, longestMs: number, signal: AbortSignal): Promise<ExecResult> {
    const wait: Wait = { signal, deadline: Deadline.after(hostMs) };
    const script = cpioArchive([
      { path: 'sim/run', mode: 0o755, content: `#!/bin/sh\n${command}\n` },
    ]);
    const task = this.#files === undefined ? script : Buffer.concat([this.#files, script]);
    this.#files = undefined;
    const end = await this.machine.run(task, longestMs * 1e6, wait).catch((error: unknown) => {
      throw error instanceof TimedOutError ? hostTooSlow(command, error) : error;
    });
    this.#virtualNs = end.kind === 'ended' ? this.#virtualNs : await this.machine.virtualNs(wait);
    await this.#afterEach();
    switch (end.kind) {
      case 'done': {
        const { status, stdout, stderr } = end;
        return { kind: 'exited', code: status, stdout, stderr, truncated: false };
      }
      case 'late':
        throw new TimedOutError([`\`${command}\` to end`]);
      default:
        this.#end = end;
        return { kind: 'lost', stdout: '', stderr: '', truncated: false };
    }
  }

  async rest(ms: number, signal: AbortSignal): Promise<void> {
    await this.exec(`sleep ${(ms / 1_000).toFixed(3)}`, ms + 60_000, signal);
  }
}

/** In a simulated machine only its own time is the guest's. */
function hostTooSlow(command: string, cause: unknown): LabFailure {
  return new LabFailure(
    'HOST_TOO_SLOW',
    `\`${command}\` took the host ${hostMs / 60_000} minutes`,
    {
      remedy: 'Run fewer worlds at the same time.',
      cause,
    },
  );
}
