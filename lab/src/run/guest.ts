// SPDX-License-Identifier: Apache-2.0
import { TimedOutError } from 'qemu-ipc/errors';
import type { ExecResult } from '../vm/ssh-session.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import { WorkloadEnded } from './workload-end.ts';

/** What a run needs of a connection to the guest. */
export interface GuestSession {
  /** TimedOutError when the command has not ended after so many milliseconds of the guest's time. */
  exec(command: string, longestMs: number, signal: AbortSignal): Promise<ExecResult>;
  /** Lets milliseconds of the guest's time pass. */
  rest(ms: number, signal: AbortSignal): Promise<void>;
}

/** How a guest command that came to its end ended. */
export interface CommandEnd {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A command in the guest takes well under a second; one that takes this long will never end. Long
 * enough for the kernel's own watchdogs (watchdogs.ts) to speak first.
 */
const commandMs = 60_000;

/** Runs commands in the guest; silence and lost connections end the workload. */
export class Guest {
  readonly #session: GuestSession;
  readonly #signal: AbortSignal;
  readonly #onCommand: (doing: string, ms: number) => void;

  /** `onCommand` is told of each command that has come to an end, and how long it took. */
  constructor(
    session: GuestSession,
    signal: AbortSignal,
    onCommand: (doing: string, ms: number) => void = () => undefined,
  ) {
    this.#session = session;
    this.#signal = signal;
    this.#onCommand = onCommand;
  }

  /** Runs a command whose failure is an answer too. `doing` names it in verdicts. */
  async attempt(doing: string, command: string, longestMs = commandMs): Promise<CommandEnd> {
    const since = performance.now();
    const result = await this.#exec(doing, command, longestMs);
    this.#onCommand(doing, performance.now() - since);
    if (result.kind === 'lost') {
      throw new WorkloadEnded({ kind: 'lost', doing });
    }
    const ok = result.kind === 'exited' && result.code === 0;
    return { ok, stdout: result.stdout, stderr: stripTerminalEscapes(result.stderr) };
  }

  /** Runs a command that has to work. */
  async run(doing: string, command: string, longestMs = commandMs): Promise<string> {
    const end = await this.attempt(doing, command, longestMs);
    if (!end.ok) {
      throw new WorkloadEnded({ kind: 'refused', doing, said: lastLine(end) });
    }
    return end.stdout;
  }

  /** Lets time pass for the guest. */
  async rest(ms: number): Promise<void> {
    await this.#session.rest(ms, this.#signal);
  }

  async #exec(doing: string, command: string, longestMs: number): Promise<ExecResult> {
    try {
      return await this.#session.exec(command, longestMs, this.#signal);
    } catch (error) {
      if (error instanceof TimedOutError) {
        throw new WorkloadEnded({ kind: 'stuck', doing });
      }
      throw error;
    }
  }
}

/** The last thing a failed command said, for a verdict. */
export function lastLine(end: Pick<CommandEnd, 'stdout' | 'stderr'>): string {
  const lines = `${end.stdout}\n${end.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'no output').slice(0, 300);
}
