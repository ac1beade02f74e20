// SPDX-License-Identifier: Apache-2.0
// A debug guest with both drivers and two linked cards that stays up from test to test, and what is
// asked of it after each.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { gatherBootInputs } from '../../lab/src/cli/boot-inputs.ts';
import type { CrashReport } from '../../lab/src/console/crash-report.ts';
import { isKernelsOwn } from '../../lab/src/console/kernel-faults.ts';
import { LabFailure } from '../../lab/src/errors.ts';
import { type BootedVm, bootVm } from '../../lab/src/run/boot-sequence.ts';
import { CrashWatch } from '../../lab/src/run/crash-watch.ts';
import { entryReport, readDeviceLog } from '../../lab/src/run/device-log.ts';
import { deviceReport } from '../../lab/src/run/device-report.ts';
import { Guest } from '../../lab/src/run/guest.ts';
import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import { processorState } from '../../lab/src/run/processor-state.ts';
import { Slots } from '../../lab/src/run/slot.ts';
import { sshGuest } from '../../lab/src/run/ssh-guest.ts';
import { silenceMs } from '../../lab/src/run/watchdogs.ts';
import { WorkloadEnded } from '../../lab/src/run/workload-end.ts';
import { forgetOldLeaks, kmemleak } from '../../lab/src/run/workloads/kmemleak.ts';
import type { StepContext } from '../../lab/src/run/workloads/step-context.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';

/** Each driver with the name of its module. */
export const bothDrivers = [
  ['rust', 'ferronic'],
  ['c', 'ferronic_c'],
] as const;

export type Module = (typeof bothDrivers)[number][1];

export const pciId = '1234:fe01';
const bootMs = 240_000;
/** A report that has begun is taken for one after a while, even if it has no end. */
const lastWordsMs = 1_800;

/** Whether more than a little is asked for: then each test looks for leaks of its own. */
let thorough = false;

/** A count from the environment; without one, what a test on every change has time for. */
export function countOf(variable: string, small: number): number {
  const asked = process.env[variable];
  thorough ||= asked !== undefined;
  return Number(asked ?? small);
}

export function within(ms: number): Wait {
  return { signal: new AbortController().signal, deadline: Deadline.after(ms) };
}

/** A booted debug guest and everything that watches it. */
export class EnduranceGuest {
  readonly booted: BootedVm;
  readonly guest: Guest;
  readonly slots: Slots;
  readonly runDir: string;
  /** What the drivers were built from. */
  readonly commit: string;
  readonly #watch: CrashWatch;
  /** Families of reports that the tests cause on purpose. */
  readonly #expected: Set<CrashReport['family']>;
  #lockdepEnded = false;

  private constructor(
    booted: BootedVm,
    watch: CrashWatch,
    expected: Set<CrashReport['family']>,
    runDir: string,
    commit: string,
  ) {
    this.commit = commit;
    this.#expected = expected;
    this.booted = booted;
    this.runDir = runDir;
    this.#watch = watch;
    this.guest = new Guest(sshGuest(booted.ssh), watch.signal);
    this.slots = new Slots(booted.vm.qmp, linkedPair('ferronic'), watch.signal);
    this.#watchDevices();
  }

  static async #boot(): Promise<EnduranceGuest> {
    const runDir = mkdtempSync(join(tmpdir(), 'ferrolab-endurance-'));
    const progress = new StreamProgress(process.stderr);
    const commit = presentCommit();
    const options = { wait: { ...within(0), deadline: Deadline.never }, progress };
    const rust = await gatherBootInputs('debug', 'rust', options);
    const c = await gatherBootInputs('debug', 'c', options).finally(() => progress.close());
    const booted = await bootVm(
      {
        ...{ cpus: 2, memoryMiB: 512, accel: 'tcg', qemu: rust.qemu, runDir },
        append: ['loglevel=8', 'printk.devkmsg=on', 'kfence.sample_interval=0'],
        kernel: rust.kernel,
        initramfs: [...rust.initramfs, ...c.initramfs.slice(1)],
        nics: linkedPair('ferronic'),
      },
      rust.credentials,
      within(bootMs),
      { keepalive: { intervalMs: 8_000, countMax: 12 } },
    );
    const expected = new Set<CrashReport['family']>();
    const excused = (report: CrashReport) => isKernelsOwn(report) || expected.has(report.family);
    const watch = new CrashWatch(booted.vm, 'ferronic', () => undefined, excused);
    const guest = new EnduranceGuest(booted, watch, expected, runDir, commit);
    guest.expects();
    await forgetOldLeaks(guest.guest);
    return guest;
  }

  /** A host that is busy may spoil the clock of a guest. */
  static async boot(): Promise<EnduranceGuest> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await EnduranceGuest.#boot();
      } catch (error) {
        const again = error instanceof LabFailure && error.code === 'GUEST_CLOCK' && attempt < 4;
        if (!again) throw error;
      }
    }
  }

  /** Whether nothing has gone wrong with it so far. */
  get sound(): boolean {
    return !this.#watch.signal.aborted;
  }

  /** Where a long test has come to. */
  tells(progress: string): void {
    if (process.env['FERROLAB_PROGRESS'] !== undefined) console.log(`      ${progress}`);
  }

  /** Whether lockdep has complained of pciehp's own locks: it complains once, and then is off. */
  get lockdepEnded(): boolean {
    return this.#lockdepEnded;
  }

  /** Says that a card is pulled out of its slot from now on. */
  pullsCards(): void {
    this.#lockdepEnded = true;
  }

  /**
   * What the kernel is to report from now on, for what is done to the cards; nothing else is excused. Errors of the
   * bus always are: it repeats what it was told.
   */
  expects(...families: readonly CrashReport['family'][]): void {
    this.#expected.clear();
    for (const family of ['aer', ...families]) this.#expected.add(family);
  }

  /** Binds the driver to both cards, and joins them; the other driver leaves. */
  async bring(module: Module): Promise<StepContext> {
    await this.leave();
    const driver = await GuestDriver.find(this.guest, module, pciId);
    await driver.load();
    await driver.bind();
    await driver.linkUp();
    return this.context(driver);
  }

  context(driver: GuestDriver): StepContext {
    const { guest, slots } = this;
    const allocFailures = () => undefined;
    return {
      ...{ guest, driver, slots, allocFailures },
      ...{ partners: undefined, peer: undefined, payloadBytes: 1_000 },
    };
  }

  async leave(): Promise<void> {
    const modules = bothDrivers.map(([, module]) => module).join(' ');
    await this.guest.run(
      'unloading the drivers',
      `for m in ${modules}; do [ ! -d /sys/module/$m ] || rmmod $m || exit 1; done`,
    );
  }

  /** Throws when memory has been lost; takes the driver off its devices. */
  async mustHaveNoLeaks(context: StepContext): Promise<void> {
    await kmemleak(context);
    await this.mustBeSound();
  }

  /** Throws with all there is to say when the kernel, its checkers or the device complain. */
  async mustBeSound(): Promise<void> {
    // A checker that has given up complains no more.
    await this.guest.run(
      'asking the checkers',
      `read -r off </sys/kernel/debug/dma-api/disabled; [ "$off" = N ] || { echo 'DMA-API debugging is off'; exit 1; }
read -r errors </sys/kernel/debug/dma-api/error_count; [ "$errors" = 0 ] || { echo "$errors complaints of DMA-API"; exit 1; }
echo scan=off >/sys/kernel/debug/kmemleak || { echo 'kmemleak is off'; exit 1; }
${this.#lockdepEnded ? 'exit 0' : ''}
grep -q 'debug_locks: *1' /proc/lockdep_stats || { echo 'lockdep is off'; exit 1; }`,
    );
    await delay(lastWordsMs);
    if (!this.sound) throw await this.complaint(undefined);
    const broken = await this.#brokenRules();
    if (broken.length > 0) throw new Error(`rules were broken:\n${broken.join('\n')}`);
  }

  /** What has gone wrong, in one error. */
  async complaint(cause: unknown): Promise<Error> {
    if (saysLittle(cause)) await this.#writeProcessors();
    if (this.sound) await this.#listBlockedTasks();
    if (this.sound && saysLittle(cause)) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, silenceMs);
        this.#watch.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (!this.sound) await this.#watch.collect(new AbortController().signal);
    const seen = this.#watch.finish();
    const { reports, deviceReports, panicked, guestReset, qemuDied } = seen;
    const said = [
      ...reports.map(({ lines, title }) => `${title}\n${lines.slice(0, 80).join('\n')}`),
      ...deviceReports.map(({ title }) => title),
      ...(panicked ? ['the guest panicked'] : []),
      ...(guestReset ? ['the guest was reset'] : []),
      ...(qemuDied === null ? [] : [`QEMU ${qemuDied}`]),
      ...(cause instanceof WorkloadEnded ? [JSON.stringify(cause.end)] : []),
      ...(await this.#endOfSsh()),
      `console: ${join(this.runDir, 'console.log')}`,
    ];
    return new Error(said.join('\n\n'), { cause });
  }

  /** Why there is no connection to the guest any more, if there is none. */
  async #endOfSsh(): Promise<string[]> {
    const end = await Promise.race([this.booted.ssh.closed, delay(0)]);
    return end === undefined ? [] : [`SSH ended: ${end.cause?.message ?? 'the guest closed it'}`];
  }

  /** Whether a processor that idles waits for a timer that is not set. */
  async #writeProcessors(): Promise<void> {
    const state = await processorState(this.booted.vm, 2, within(5_000)).catch(String);
    writeFileSync(join(this.runDir, 'processors.txt'), state);
  }

  /** Has the kernel print what waits for what, if the guest still does as it is told. */
  async #listBlockedTasks(): Promise<void> {
    const command = 'echo 1 >/proc/sys/kernel/sysrq; echo w >/proc/sysrq-trigger';
    await this.guest.attempt('listing blocked tasks', command).catch(() => undefined);
  }

  /** Ends the machine; its folder stays when there is something to look at. */
  async end(keep: boolean): Promise<void> {
    this.#watch.stopping();
    await this.booted[Symbol.asyncDispose]();
    if (!keep) rmSync(this.runDir, { recursive: true, force: true });
  }

  async #brokenRules(): Promise<string[]> {
    const broken: string[] = [];
    for (const { log } of linkedPair('ferronic')) {
      for await (const entry of readDeviceLog(join(this.runDir, log ?? ''))) {
        if (entryReport(entry) !== null) broken.push(JSON.stringify(entry));
      }
    }
    return broken;
  }

  #watchDevices(): void {
    const watch = async () => {
      for await (const event of this.booted.vm.qmp.events()) {
        const report = deviceReport(event);
        if (report !== null) this.#watch.reportOfDevice(report);
      }
    };
    watch().catch(() => undefined);
  }
}

function saysLittle(error: unknown): boolean {
  return error instanceof WorkloadEnded && ['stuck', 'lost'].includes(error.end.kind);
}

let current: EnduranceGuest | undefined;
/** Of the last test in this guest. */
let latest: StepContext | undefined;

/** The guest that the last test has left sound, or a new one. */
async function takeGuest(): Promise<EnduranceGuest> {
  if (current?.sound === false) await dropGuest(true);
  if (current?.lockdepEnded === true) await leaveGuest();
  current ??= await EnduranceGuest.boot();
  current.expects();
  return current;
}

/** Ends a sound guest; a leak of the tests in it shows now at the latest. */
async function leaveGuest(): Promise<void> {
  const guest = current;
  if (guest === undefined) return;
  try {
    if (!thorough && latest !== undefined) await guest.mustHaveNoLeaks(latest);
  } catch (error) {
    const complaint = await guest.complaint(error);
    await dropGuest(true);
    throw complaint;
  }
  await dropGuest(false);
}

async function dropGuest(keep: boolean): Promise<void> {
  const dropped = current;
  current = undefined;
  latest = undefined;
  await dropped?.end(keep);
}

after('no memory was lost in all this', async function () {
  this.timeout(180_000);
  await leaveGuest();
});

/** What a test found out, for its line of figures. */
export type Figures = Readonly<Record<string, string | number>>;

/**
 * Lets `work` do its worst to a driver, then asks everything that can complain whether it does, and
 * prints one line of figures.
 */
export async function endures(
  title: string,
  modules: readonly Module[],
  work: (guest: EnduranceGuest) => Promise<{ readonly context: StepContext; figures: Figures }>,
): Promise<void> {
  const guest = await takeGuest();
  const since = performance.now();
  try {
    const { context, figures } = await work(guest);
    const seconds = Math.round((performance.now() - since) / 1_000);
    if (thorough) await guest.mustHaveNoLeaks(context);
    else await guest.mustBeSound();
    latest = context;
    const list = Object.entries({ ...figures, seconds, commit: guest.commit });
    const told = list.map(([name, value]) => `${value} ${name}`).join(', ');
    console.log(`      ${modules.join(' and ')}: ${title}: ${told}`);
  } catch (error) {
    const complaint = await guest.complaint(error);
    await dropGuest(true);
    throw complaint;
  }
}

function presentCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const dirty = git('status', '--porcelain', '--', 'kernel-module/c', 'kernel-module/rust');
    return `${git('rev-parse', '--short', 'HEAD')}${dirty === '' ? '' : ' and changes'}`;
  } catch {
    return 'unknown';
  }
}
