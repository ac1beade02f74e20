// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';

/** What a campaign tells its owner of. */
export type Notice =
  | {
      readonly event: 'crash';
      readonly campaign: string;
      /** The first time in this campaign. */
      readonly title: string;
      readonly type: string;
      readonly driver: string;
      readonly defect: string | null;
      readonly kernel: string;
      readonly mode: string;
      readonly runId: string;
      readonly folder: string;
    }
  | { readonly event: 'paused'; readonly campaign: string; readonly reason: string }
  | { readonly event: 'resumed'; readonly campaign: string }
  | {
      readonly event: 'end';
      readonly campaign: string;
      readonly end: string;
      readonly exitStatus: number;
      readonly runs: number;
      readonly failures: number;
    };

const longestMs = 30_000;

/** Runs the owner's command with each notice as a line of JSON on its standard input, one after the other. */
export class Notifier implements AsyncDisposable {
  readonly #command: readonly [string, ...string[]] | undefined;
  readonly #tell: (problem: string) => void;
  #last: Promise<void> = Promise.resolve();

  /** `tell` hears of a command that fails; the campaign goes on. */
  constructor(
    command: readonly [string, ...string[]] | undefined,
    tell: (problem: string) => void,
  ) {
    this.#command = command;
    this.#tell = tell;
  }

  /** Sends a notice; returns at once. */
  send(notice: Notice): void {
    const command = this.#command;
    if (command === undefined) return;
    this.#last = this.#last.then(() => this.#run(command, notice));
  }

  /** Waits until all have been sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
  }

  async #run([file, ...args]: readonly [string, ...string[]], notice: Notice): Promise<void> {
    const result = await execa(file, args, {
      input: `${JSON.stringify(notice)}\n`,
      stdout: 'ignore',
      stderr: 'pipe',
      maxBuffer: 64 * 1024,
      timeout: longestMs,
      reject: false,
    });
    if (result.failed) this.#tell(`the notify command failed: ${result.shortMessage}`);
  }
}
