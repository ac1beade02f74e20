// SPDX-License-Identifier: Apache-2.0
import { AbortedError } from 'qemu-ipc/errors';
import type { Wait } from 'qemu-ipc/wait';
import { LabError } from '../errors.ts';

/** How far a run had come: blame on the driver is possible from `load` on. */
export type Stage = 'launch' | 'boot' | 'load' | 'churn';

/** How the workload came to its end, as seen from the harness. */
export type WorkloadEnd =
  | { readonly kind: 'finished' }
  /** The budget or the user ended it. */
  | { readonly kind: 'cut' }
  /** A sign of a crash ended it; whether it was one, the evidence says. */
  | { readonly kind: 'alarm' }
  /** The guest took work and does not answer any more, its channel still open. */
  | { readonly kind: 'stuck'; readonly doing: string }
  /** The channel to the guest is gone. */
  | { readonly kind: 'lost'; readonly doing: string }
  /** A guest command failed that has to work: the test does not know its ground. */
  | { readonly kind: 'refused'; readonly doing: string; readonly said: string }
  /** The driver does not do what it must, without a report of the kernel. */
  | {
      readonly kind: 'wrong';
      readonly title: string;
      readonly detail: string;
      /** What noticed it; traffic that does not pass, unless told. */
      readonly detector?: string;
    }
  /** The harness or QEMU failed. */
  | { readonly kind: 'lab'; readonly problem: string };

/** Ends a workload early, from any depth of it. */
export class WorkloadEnded extends Error {
  readonly end: WorkloadEnd;

  constructor(end: WorkloadEnd) {
    super(end.kind);
    this.name = 'WorkloadEnded';
    this.end = end;
  }
}

/** How a workload ended that threw `error`, the end of `wait` being what cuts it. */
export function workloadEndOf(error: unknown, { signal, deadline }: Wait): WorkloadEnd {
  if (error instanceof WorkloadEnded) {
    return error.end;
  }
  if (error instanceof AbortedError || signal.aborted || deadline.expired) {
    return { kind: 'cut' };
  }
  const message = error instanceof Error ? error.message : String(error);
  const problem = message.replace(/\s*\n\s*/g, ' ');
  return {
    kind: 'lab',
    problem: error instanceof LabError ? `${problem} (${error.code})` : problem,
  };
}
