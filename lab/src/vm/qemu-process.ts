// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { execa } from 'execa';
import { TimedOutError } from 'qemu-ipc/errors';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { killGroupOnExit, signalGroup } from './exit-guard.ts';
import { OutputTail } from './output-tail.ts';
import { inheritedFd } from './qemu-command-line.ts';
import { handshake, type SandboxSpec, sandboxed } from './sandbox.ts';

/**
 * How QEMU ended. One that died of a signal inside the sandbox shows as status 128 + signal; abort() shows as signal
 * 11, because process 1 of a namespace ignores its own SIGABRT.
 */
export type VmExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals };

const stderrTailBytes = 16 * 1024;
/** It takes a twentieth of a second on a quiet machine. */
const sandboxMs = 20_000;

/** QEMU in its sandbox and its own process group, with the three sockets that it inherits. */
export interface QemuProcess {
  /** The sandbox's process: leader of the group. */
  readonly pid: number;
  readonly qmp: Duplex;
  readonly console: Duplex;
  readonly ssh: Duplex;
  /** Resolves when the sandbox, and with it QEMU, is gone. Never rejects. */
  readonly exited: Promise<VmExit>;
  /** The last that QEMU or the sandbox said on stderr. */
  complaint(): string;
  /** Signals the whole group; nothing happens when it is gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts QEMU in the sandbox; LabFailure when the sandbox cannot be made. */
export async function startQemu(
  sandbox: SandboxSpec,
  command: readonly string[],
  wait: Wait,
): Promise<QemuProcess> {
  const [program, ...args] = sandboxed(sandbox, command);
  const subprocess = execa(program, args, {
    // 'pipe' is a socket pair in Node, so the upper three go both ways.
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    // A group of its own: Ctrl-C at the terminal reaches the lab only, which then stops QEMU in order.
    detached: true,
    cleanup: false,
  });
  const child: ChildProcess = subprocess;
  const { pid } = child;
  if (pid === undefined) {
    const { originalMessage } = await subprocess;
    throw sandboxFailure(originalMessage ?? '');
  }
  const guard = killGroupOnExit(pid);
  const exited = exitOf(child).finally(() => guard[Symbol.dispose]());
  const tail = new OutputTail(streamOf(child, 2), stderrTailBytes);
  const process: QemuProcess = {
    pid,
    qmp: streamOf(child, inheritedFd.qmp),
    console: streamOf(child, inheritedFd.console),
    ssh: streamOf(child, inheritedFd.ssh),
    exited,
    complaint: () => tail.text(),
    kill: (signal) => signalGroup(pid, signal),
  };
  await letGo(child, process, wait);
  return process;
}

/** Waits until the sandbox stands, then lets QEMU start in it. */
async function letGo(child: ChildProcess, process: QemuProcess, wait: Wait): Promise<void> {
  const stands = new Promise<true>((resolve) => {
    streamOf(child, 1).once('data', () => resolve(true));
  });
  const fell = process.exited.then(() => false as const);
  const bounded: Wait = { signal: wait.signal, deadline: wait.deadline.sooner(sandboxMs) };
  try {
    if (!(await waitFor(Promise.race([stands, fell]), bounded, 'the sandbox to stand'))) {
      throw sandboxFailure(process.complaint());
    }
  } catch (error) {
    process.kill('SIGKILL');
    throw error instanceof TimedOutError ? sandboxFailure(error.message) : error;
  }
  streamOf(child, 0).write(`${handshake.go}\n`);
}

function sandboxFailure(complaint: string): LabFailure {
  return new LabFailure('SANDBOX_START', `the sandbox cannot be made: ${complaint}`, {
    remedy: 'Run `npm run lab:doctor`: it checks what bubblewrap needs.',
  });
}

async function exitOf(child: ChildProcess): Promise<VmExit> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'killed', signal };
}

function streamOf(child: ChildProcess, fd: number): Duplex {
  const stream = child.stdio[fd] as Duplex | Readable | null | undefined;
  if (stream === null || stream === undefined) throw new Error(`descriptor ${fd} is not a pipe`);
  // A dead peer is reported by `exited`; without a listener the error would end the lab.
  stream.on('error', () => undefined);
  return stream as Duplex;
}

/** One line that says how QEMU ended. */
export function describeExit(exit: VmExit): string {
  if (exit.kind === 'killed') return `was killed by ${exit.signal}`;
  return exit.code > 128 ? `died of signal ${exit.code - 128}` : `ended with status ${exit.code}`;
}

/** QEMU ends in order when its guest resets itself. One that was killed says nothing of the driver. */
export function endedByGuest(exit: VmExit): boolean {
  return exit.kind === 'exited' && exit.code === 0;
}
