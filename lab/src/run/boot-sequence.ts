// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { Deadline, type Wait, waitFor } from 'qemu-ipc/wait';
import { Interrupted, LabFailure } from '../errors.ts';
import type { RunningVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import type { ExecResult, SshCredentials, SshOptions, SshSession } from '../vm/ssh-session.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import { DriverFailure } from './driver-failure.ts';
import { type Suspect, unlessMachineDies } from './machine-death.ts';
import { type PingCounts, parsePing } from './ping.ts';
import { startVm } from './start-vm.ts';

/** Address of the second card, in its own network namespace. */
const peerAddress = '10.0.0.2';
/** By path: the guest's shell may prefer smaller versions of its own, with fewer options. */
const guestProgram = { insmod: '/usr/sbin/insmod', ping: '/usr/sbin/ping' } as const;
const defaultPayloadBytes = 1_000;
/** Longer than any answer takes; under emulation with a debug kernel one can take a tenth of a second. */
const answerMs = 100;
/** How long to wait for a panic or an exit that explains a lost link. */
const reasonMs = 2_000;

/** A machine whose guest is logged in to. Disposing ends the session, then the machine. */
export interface BootedVm extends AsyncDisposable {
  readonly vm: RunningVm;
  readonly ssh: SshSession;
  /** From the start of QEMU to its QMP greeting, in milliseconds. */
  readonly qemuStartMs: number;
  /** From the start of QEMU to the end of the SSH login, in milliseconds. */
  readonly qemuToSshMs: number;
}

/** The two interfaces of a link: `near` in the guest's main namespace, `far` in that of the peer. */
export interface LinkedInterfaces {
  readonly near: string;
  readonly far: string;
}

/** Starts the machine, or goes on with its template, and logs in. On failure the machine is gone; LabFailure or Interrupted. */
export async function bootVm(
  spec: MachineSpec,
  credentials: SshCredentials,
  wait: Wait,
  options?: SshOptions,
): Promise<BootedVm> {
  const vm = await startVm(spec, wait).catch((error: unknown) => {
    throw wait.signal.aborted ? new Interrupted() : error;
  });
  try {
    const ssh = await unlessMachineDies(vm, 'lab', vm.connectSsh(credentials, wait, options));
    return {
      vm,
      ssh,
      qemuStartMs: vm.greetedAtMs - vm.startedAtMs,
      qemuToSshMs: performance.now() - vm.startedAtMs,
      // Ends the session too.
      [Symbol.asyncDispose]: () => vm[Symbol.asyncDispose](),
    };
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

/** Unpacks cpio archives over the guest's files. LabFailure when that fails. */
export async function unpackArchives(
  { vm, ssh }: Pick<BootedVm, 'vm' | 'ssh'>,
  archives: readonly string[],
  wait: Wait,
): Promise<void> {
  for (const archive of archives) {
    const input = await readFile(archive);
    const unpacking = ssh.exec('cd / && cpio -idmu', wait, { input });
    const end = await unlessMachineDies(vm, 'lab', unpacking);
    if (end.kind === 'exited' && end.code === 0) continue;
    throw new LabFailure('UNPACK', `${archive} cannot be unpacked in the guest: ${end.stderr}`, {
      remedy: 'Look whether the guest has memory left for it.',
    });
  }
}

/** Loads a module of `/lib/modules/ferrolab` with insmod. DriverFailure when it does not load. */
export async function loadDriver(booted: BootedVm, module: string, wait: Wait): Promise<void> {
  await succeed(
    booted,
    `${guestProgram.insmod} /lib/modules/ferrolab/${module}.ko`,
    'DRIVER_LOAD',
    wait,
  );
}

/** Joins the driver's two cards into a path and waits for the carrier. DriverFailure when there is none. */
export async function linkUp(
  booted: BootedVm,
  module: string,
  wait: Wait,
): Promise<LinkedInterfaces> {
  const output = await succeed(booted, `lab-link up ${module}`, 'LINK_UP', wait);
  const [, near, far] = /^lab-link: up (\S+) (\S+)/m.exec(output) ?? [];
  if (near === undefined || far === undefined) {
    throw new LabFailure('LINK_OUTPUT', 'lab-link in the guest did not name its interfaces', {
      remedy: 'Build the guest again: npm run lab:build -- ssh-initramfs',
    });
  }
  return { near, far };
}

/** Sends `count` echo requests to the peer, as fast as answers come; counts are the result, not an error. */
export async function ping(
  booted: BootedVm,
  count: number,
  wait: Wait,
  payloadBytes: number = defaultPayloadBytes,
): Promise<PingCounts> {
  const flood = count > 1 ? ' -f' : '';
  const command = `${guestProgram.ping} -q${flood} -c ${count} -W 2 -s ${payloadBytes} ${peerAddress}`;
  const deadline = wait.deadline.sooner(10_000 + count * answerMs);
  const result = await run(booted, 'driver', command, { signal: wait.signal, deadline });
  const counts = parsePing(result.stdout);
  if (counts.sent > 0) return counts;
  throw new LabFailure('PING_OUTPUT', `ping in the guest ${describeEnd(result)} and sent nothing`, {
    remedy: 'Build the guest again: npm run lab:build -- ssh-initramfs',
  });
}

/** Output of a command that must succeed. */
async function succeed(
  booted: BootedVm,
  command: string,
  code: string,
  wait: Wait,
): Promise<string> {
  const result = await run(booted, 'driver', command, wait);
  if (result.kind === 'exited' && result.code === 0) return result.stdout;
  const said = stripTerminalEscapes(`${result.stdout}${result.stderr}`.trim());
  throw new DriverFailure(code, `\`${command}\` ${describeEnd(result)} in the guest: ${said}`, {
    remedy: 'The console of the guest has what the driver said; see the run folder.',
  });
}

async function run(
  booted: BootedVm,
  suspect: Suspect,
  command: string,
  wait: Wait,
): Promise<ExecResult> {
  const result = await unlessMachineDies(booted.vm, suspect, booted.ssh.exec(command, wait));
  if (result.kind !== 'lost') return result;
  // The link goes a moment before the reason for it is known.
  const moment: Wait = { signal: wait.signal, deadline: Deadline.after(reasonMs) };
  const reason = waitFor(new Promise<never>(() => undefined), moment, `\`${command}\` to end`);
  return await unlessMachineDies(booted.vm, suspect, reason);
}

function describeEnd(result: ExecResult): string {
  if (result.kind === 'exited') return `ended with status ${result.code}`;
  return result.kind === 'signalled' ? `was killed by ${result.signal}` : 'was lost';
}
