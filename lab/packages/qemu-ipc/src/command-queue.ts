// SPDX-License-Identifier: Apache-2.0

import { CallSite } from './call-site.ts';
import { AbortedError, CommandRefusedError, TimedOutError } from './errors.ts';
import { armDeadline, onAbort, type Wait } from './wait.ts';

/** In band QEMU takes 8 commands; with more it stops reading, and out-of-band commands are stuck too. */
const MAX_IN_BAND = 8;

/** What an answer to a command is. */
export type Answer =
  | { readonly kind: 'return'; readonly value: unknown }
  | { readonly kind: 'error'; readonly errorClass: string; readonly desc: string };

/** A command whose caller still waits. */
interface Call {
  readonly command: string;
  readonly outOfBand: boolean;
  readonly site: CallSite;
  readonly send: (id: number) => void;
  readonly succeed: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A command that QEMU has; `call` is undefined once its caller gave up. */
interface InFlight {
  readonly command: string;
  readonly outOfBand: boolean;
  readonly call: Call | undefined;
}

/** What is to be sent, and for whom. */
export interface Submission {
  readonly command: string;
  readonly outOfBand: boolean;
  readonly send: (id: number) => void;
  readonly wait: Wait;
}

/**
 * Commands on their way: those that wait for a place, and those QEMU has. A command whose caller gave
 * up keeps its place until its late answer comes, because QEMU is still busy with it.
 */
export class CommandQueue {
  readonly #waiting: Call[] = [];
  readonly #inFlight = new Map<number, InFlight>();
  #lastId = 0;
  #lateReplies = 0;
  #unknownReplies = 0;

  /** Answers that came after their caller gave up. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /** Answers to ids that were never used, or were answered before. */
  get unknownReplies(): number {
    return this.#unknownReplies;
  }

  /** Names of all commands without an answer, oldest first. */
  get pending(): readonly string[] {
    return [...this.#inFlight.values(), ...this.#waiting].map((entry) => entry.command);
  }

  /** Sends the command as soon as it has a place, and settles with its answer. */
  submit(submission: Submission): Promise<unknown> {
    const { command, outOfBand, send, wait } = submission;
    const site = new CallSite();
    return new Promise<unknown>((resolve, reject) => {
      const undo: (() => void)[] = [];
      const settle = (finish: () => void): void => {
        for (const step of undo.splice(0)) step();
        finish();
      };
      const call: Call = {
        command,
        outOfBand,
        site,
        send,
        succeed: (value) => settle(() => resolve(value)),
        fail: (error) => settle(() => reject(site.blame(error))),
      };
      if (wait.signal.aborted) return call.fail(aborted(command, wait));
      if (wait.deadline.expired)
        return call.fail(new TimedOutError([`a moment to send ${command}`]));
      undo.push(armDeadline(wait.deadline, () => this.#giveUp(call, this.#timedOut(call))));
      undo.push(onAbort(wait.signal, () => this.#giveUp(call, aborted(command, wait))));
      this.#waiting.push(call);
      this.#sendWhatFits();
    });
  }

  /** Gives an answer to the caller who waits for it. False, and counted, if nobody does. */
  answer(id: unknown, answer: Answer): boolean {
    const entry = typeof id === 'number' ? this.#inFlight.get(id) : undefined;
    if (entry === undefined) {
      this.#unknownReplies += 1;
      return false;
    }
    this.#inFlight.delete(id as number);
    if (entry.call === undefined) this.#lateReplies += 1;
    else if (answer.kind === 'return') entry.call.succeed(answer.value);
    else entry.call.fail(new CommandRefusedError(entry.command, answer.errorClass, answer.desc));
    this.#sendWhatFits();
    return entry.call !== undefined;
  }

  /** Rejects every caller with an error of its own. */
  failAll(makeError: () => Error): void {
    const calls = [...this.#inFlight.values()].map((entry) => entry.call);
    calls.push(...this.#waiting.splice(0));
    this.#inFlight.clear();
    for (const call of calls) call?.fail(makeError());
  }

  #sendWhatFits(): void {
    for (;;) {
      const free = this.#inBand().length < MAX_IN_BAND;
      const index = this.#waiting.findIndex((call) => call.outOfBand || free);
      const call = this.#waiting[index];
      if (call === undefined) return;
      this.#waiting.splice(index, 1);
      this.#lastId += 1;
      const { command, outOfBand } = call;
      this.#inFlight.set(this.#lastId, { command, outOfBand, call });
      call.send(this.#lastId);
    }
  }

  #giveUp(call: Call, error: Error): void {
    const index = this.#waiting.indexOf(call);
    if (index !== -1) this.#waiting.splice(index, 1);
    for (const [id, entry] of this.#inFlight) {
      if (entry.call === call) this.#inFlight.set(id, { ...entry, call: undefined });
    }
    call.fail(error);
  }

  #timedOut(call: Call): TimedOutError {
    if (!this.#waiting.includes(call)) return new TimedOutError([`the answer to ${call.command}`]);
    const ahead = this.#inBand().map((entry) => `the answer to ${entry.command}`);
    return new TimedOutError([`a free place for ${call.command}`, ...ahead]);
  }

  #inBand(): InFlight[] {
    return [...this.#inFlight.values()].filter((entry) => !entry.outOfBand);
  }
}

function aborted(command: string, wait: Wait): AbortedError {
  return new AbortedError(`the answer to ${command}`, { cause: wait.signal.reason });
}
