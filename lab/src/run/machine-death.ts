// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { AbortedError, TimedOutError } from 'qemu-ipc/errors';
import { Interrupted, LabFailure } from '../errors.ts';
import type { RunningVm } from '../vm/launch.ts';
import { describeExit } from '../vm/qemu-process.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import { DriverFailure } from './driver-failure.ts';

/** Who is to blame when the guest panics: before a driver is loaded it can only be the lab. */
export type Suspect = 'lab' | 'driver';

/** How long a panicking kernel gets to finish what it is printing. */
const lastWordsMs = 500;
const excerptLines = 40;

/**
 * Settles as `work` does, unless the guest panics or QEMU ends first: then it rejects with DriverFailure or
 * LabFailure. Also turns time-outs and interrupts into errors that a user can read.
 */
export async function unlessMachineDies<T>(
  vm: RunningVm,
  suspect: Suspect,
  work: Promise<T>,
): Promise<T> {
  const panicked = vm.panicked.then(async () => {
    await delay(lastWordsMs);
    throw panicError(vm, suspect);
  });
  const exited = vm.exited.then((exit) => {
    throw new LabFailure('QEMU_DIED', `QEMU ${describeExit(exit)} while the guest was in use`, {
      remedy: 'Run it again; if it repeats, the device model is at fault: see the run folder.',
    });
  });
  for (const promise of [work, panicked, exited]) promise.catch(() => undefined);
  try {
    return await Promise.race([work, panicked, exited]);
  } catch (error) {
    throw readable(vm, error);
  }
}

function panicError(vm: RunningVm, suspect: Suspect): DriverFailure | LabFailure {
  const options = { remedy: 'The whole console is in the run folder.' };
  const excerpt = consoleExcerpt(vm);
  return suspect === 'driver'
    ? new DriverFailure('GUEST_PANIC', `the driver crashed the guest:\n${excerpt}`, options)
    : new LabFailure('GUEST_PANIC', `the guest panicked while it booted:\n${excerpt}`, options);
}

function readable(vm: RunningVm, error: unknown): unknown {
  if (error instanceof AbortedError) return new Interrupted();
  if (!(error instanceof TimedOutError)) return error;
  const message = `the guest does not answer: ${error.message}. Its last words:\n${consoleExcerpt(vm)}`;
  return new LabFailure('GUEST_SILENT', message, {
    remedy: 'The whole console is in the run folder; `npm run lab:doctor` checks this machine.',
    cause: error,
  });
}

function consoleExcerpt(vm: RunningVm): string {
  const lines = vm.console.history().slice(-excerptLines);
  return stripTerminalEscapes(lines.map((line) => `  ${line}`).join('\n'));
}
