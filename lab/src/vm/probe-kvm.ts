// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { launchVm, type RunningVm } from './launch.ts';
import type { MachineSpec, QemuTree } from './machine-spec.ts';

/** Whether KVM runs guests on this host, and if not, why. */
export type KvmAnswer =
  | { readonly usable: true }
  | { readonly usable: false; readonly reason: string };

/** What the judging guest is made of. */
export interface ProbeParts {
  readonly qemu: QemuTree;
  readonly kernel: string;
  readonly initramfs: string;
  /** Changes when any of the parts does. */
  readonly identity: string;
}

/** A kernel under KVM prints its first line in well under a second, and is up in one or two. */
const patience = { bannerMs: 3_000, readyMs: 10_000 } as const;

interface CachedAnswer {
  readonly identity: string;
  readonly answer: KvmAnswer;
}

/**
 * Judges KVM by running a guest in it: the device can open, create machines, and still not run a kernel. The answer
 * is kept in `cacheDir` until the host boots again or the parts change; `fresh` asks again. AbortedError by `wait`.
 */
export async function probeKvm(
  parts: ProbeParts,
  cacheDir: string,
  wait: Wait,
  trust: 'cached' | 'fresh' = 'cached',
): Promise<KvmAnswer> {
  const refusal = await deviceRefusal();
  if (refusal !== undefined) return { usable: false, reason: refusal };
  const path = join(cacheDir, 'kvm.json');
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const identity = `${bootId} ${parts.identity}`;
  const cached = trust === 'cached' ? await readCached(path) : undefined;
  if (cached?.identity === identity) return cached.answer;
  const answer = await runGuest(parts, wait);
  await writeCached(path, { identity, answer });
  return answer;
}

async function deviceRefusal(): Promise<string | undefined> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return missing ? 'there is no /dev/kvm' : 'this user may not open /dev/kvm';
  }
}

async function runGuest(parts: ProbeParts, wait: Wait): Promise<KvmAnswer> {
  const runDir = await mkdtemp(join(tmpdir(), 'ferrolab-kvm-'));
  try {
    await using vm = await launchVm(probeMachine(parts, runDir), wait);
    return await judge(vm, wait);
  } catch (error) {
    if (wait.signal.aborted) throw error;
    return { usable: false, reason: firstLine(error) };
  } finally {
    await rm(runDir, { recursive: true, force: true });
  }
}

function probeMachine(parts: ProbeParts, runDir: string): MachineSpec {
  return {
    cpus: 1,
    memoryMiB: 192,
    accel: 'kvm',
    kernel: parts.kernel,
    initramfs: [parts.initramfs],
    // The banner must be printed, and a kernel that dies early must say so.
    append: ['loglevel=7', 'earlyprintk=ttyS0'],
    nics: [],
    qemu: parts.qemu,
    runDir,
  };
}

async function judge(vm: RunningVm, wait: Wait): Promise<KvmAnswer> {
  const steps = [
    { pattern: /Linux version/, ms: patience.bannerMs, missing: 'its kernel printed nothing' },
    { pattern: /ferrolab: ready/, ms: patience.readyMs, missing: 'its kernel stopped on the way' },
  ];
  for (const { pattern, ms, missing } of steps) {
    const limit: Wait = { signal: wait.signal, deadline: wait.deadline.sooner(ms) };
    try {
      await vm.console.waitForLine(pattern, limit);
    } catch (error) {
      if (wait.signal.aborted) throw error;
      const state = await runState(vm, wait.signal);
      return { usable: false, reason: `a guest was started and ${missing} (QEMU says ${state})` };
    }
  }
  return { usable: true };
}

async function runState(vm: RunningVm, signal: AbortSignal): Promise<string> {
  try {
    const wait: Wait = { signal, deadline: Deadline.after(1_000) };
    return (await vm.qmp.execute('query-status', {}, wait)).status;
  } catch {
    return 'nothing any more';
  }
}

async function readCached(path: string): Promise<CachedAnswer | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as CachedAnswer;
  } catch {
    // Absent or damaged: the question is asked again.
    return undefined;
  }
}

async function writeCached(path: string, cached: CachedAnswer): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(cached)}\n`);
  await rename(temporary, path);
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').slice(0, 2).join(' ');
}
