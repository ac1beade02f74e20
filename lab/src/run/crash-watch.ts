// SPDX-License-Identifier: Apache-2.0
import { Deadline, sleep, type Wait } from 'qemu-ipc/wait';
import { ConsoleParser } from '../console/console-parser.ts';
import { type CrashReport, isStall } from '../console/crash-report.ts';
import { couldBeKernelsOwn, isCountOfLeaks, isKernelsOwn } from '../console/kernel-faults.ts';
import type { CrashRecord } from '../verdict.ts';
import type { RunningVm } from '../vm/launch.ts';
import { describeExit } from '../vm/qemu-process.ts';
import { PhraseCounter } from './phrase-counter.ts';

/** What first told that something is wrong with the guest. */
export type Trouble = 'console' | 'pvpanic' | 'reset' | 'exit' | 'device';

/** How long a report may take to be complete, in milliseconds. */
export interface CollectLimits {
  /** The console must have been silent for this long. */
  readonly quietMs: number;
  /** After this the report is taken as it is. */
  readonly longestMs: number;
}

/** How long a report that has begun may stay incomplete before the run is ended for it, in milliseconds. */
const openReportMs = 1_500;
/** So many times, when it could turn out to be a fault of the kernel's own: a console under load is slow. */
const openReportTries = 8;

/** How much of a crash is kept to look at it before its end, in bytes. */
const mostCrashText = 256 * 1024;

const defaultLimits: CollectLimits = { quietMs: 1_200, longestMs: 10_000 };

function saysNothingOfDrivers(report: CrashReport): boolean {
  return isKernelsOwn(report) || isCountOfLeaks(report);
}

/** Watches a machine for signs of a crash: its console, its panic device, its resets, its end. */
export class CrashWatch implements Disposable {
  readonly #parser = new ConsoleParser();
  readonly #reports: CrashReport[] = [];
  readonly #troubled = new AbortController();
  readonly #attachment: Disposable;
  #lastOutputAt = performance.now();
  #panicked = false;
  #guestReset = false;
  #qemuDied: string | null = null;
  readonly #crashText: Uint8Array[] = [];
  #crashTextBytes = 0;
  readonly #driverFrames: PhraseCounter;
  #driverFramesBefore: number | undefined;
  readonly #injections = new PhraseCounter('FAULT_INJECTION: forcing a failure');
  #stopping = false;
  #openReport: NodeJS.Timeout | undefined;
  #troubledAt: number | undefined;
  readonly #deviceReports: CrashRecord[] = [];
  readonly #alarm: (trouble: Trouble) => void;
  readonly #blameable: (reports: readonly CrashReport[]) => readonly CrashReport[];

  /** `module` is the driver's name in stacks; `excused` says which reports are no trouble. */
  constructor(
    vm: RunningVm,
    module: string,
    onTrouble: (trouble: Trouble) => void,
    excused: (report: CrashReport) => boolean = saysNothingOfDrivers,
  ) {
    this.#blameable = (reports) => reports.filter((report) => !excused(report));
    this.#driverFrames = new PhraseCounter(`[${module}]`);
    const troubled = (trouble: Trouble) => {
      if (!this.#troubled.signal.aborted) {
        this.#troubledAt = performance.now();
        onTrouble(trouble);
        this.#troubled.abort(trouble);
      }
    };
    this.#alarm = troubled;
    this.#attachment = vm.console.attach((chunk) => {
      this.#lastOutputAt = performance.now();
      this.#injections.push(chunk);
      const framesBefore = this.#driverFrames.count;
      this.#driverFrames.push(chunk);
      this.#reports.push(...this.#blameable(this.#parser.push(chunk)));
      if (this.#reports.length > 0 || this.#parser.crashing) {
        this.#driverFramesBefore ??= framesBefore;
        this.#keepCrashText(chunk);
      }
      if (this.#reports.length > 0) {
        troubled('console');
      } else if (this.#parser.crashing) {
        // Many reports have no last line: one that stays open for this long is as good as complete.
        this.#openReport ??= this.#watchOpenReport(() => troubled('console'), openReportTries);
      } else {
        clearTimeout(this.#openReport);
        this.#openReport = undefined;
      }
    });
    void vm.panicked.then(() => {
      this.#panicked = true;
      troubled('pvpanic');
    });
    void vm.exited.then((exit) => {
      if (!this.#stopping) {
        this.#qemuDied = describeExit(exit);
        troubled('exit');
      }
    });
    this.#watchReset(vm, () => {
      this.#guestReset = true;
      troubled('reset');
    });
  }

  /** Fires at the first sign of a crash. */
  get signal(): AbortSignal {
    return this.#troubled.signal;
  }

  /** When the first sign came, by `performance.now()`. */
  get troubledAt(): number | undefined {
    return this.#troubledAt;
  }

  /** Failed allocations that the guest's console told of: a lower bound, as the kernel limits their rate. */
  get failedAllocations(): number {
    return this.#injections.count;
  }

  /** Whether all that the guest has told of, so far, are stalls, which may pass. */
  get onlyStalls(): boolean {
    const others = this.#deviceReports.length > 0;
    if (this.#panicked || this.#guestReset || this.#qemuDied !== null || others) {
      return false;
    }
    const all = this.#preview();
    return all.length > 0 && all.every(isStall);
  }

  /** Waits until the guest has said all it has to say about its crash. */
  async collect(signal: AbortSignal, limits: CollectLimits = defaultLimits): Promise<void> {
    const wait: Wait = { signal, deadline: Deadline.after(limits.longestMs) };
    try {
      for (;;) {
        const silentMs = performance.now() - this.#lastOutputAt;
        if (silentMs >= limits.quietMs || this.#qemuDied !== null) {
          return;
        }
        await sleep(Math.max(10, limits.quietMs - silentMs), wait);
      }
    } catch {
      // Out of time: what has come so far is the report.
    }
  }

  /** Takes what the device has to say against the driver, each title once. */
  reportOfDevice(report: CrashRecord): void {
    if (!this.#deviceReports.some(({ title }) => title === report.title)) {
      this.#deviceReports.push(report);
    }
    this.#alarm('device');
  }

  /** Says that QEMU's end, from now on, is the lab's own doing. */
  stopping(): void {
    this.#stopping = true;
  }

  /** What was seen. Call it when the console has ended. */
  finish(): {
    readonly reports: readonly CrashReport[];
    readonly deviceReports: readonly CrashRecord[];
    readonly panicked: boolean;
    readonly guestReset: boolean;
    readonly qemuDied: string | null;
    readonly driverInStack: boolean;
  } {
    this[Symbol.dispose]();
    this.#reports.push(...this.#blameable(this.#parser.end()));
    return {
      reports: this.#reports,
      deviceReports: this.#deviceReports,
      panicked: this.#panicked,
      guestReset: this.#guestReset,
      qemuDied: this.#qemuDied,
      // In any stack since the first report began: that of a hanging CPU is printed by another one.
      driverInStack:
        this.#driverFramesBefore !== undefined &&
        this.#driverFrames.count > this.#driverFramesBefore,
    };
  }

  [Symbol.dispose](): void {
    this.#attachment[Symbol.dispose]();
    clearTimeout(this.#openReport);
  }

  /** Alarms when what there is of a report is enough to blame the driver; more may yet excuse it, for a while. */
  #watchOpenReport(alarm: () => void, tries: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#openReport = undefined;
      const open = this.#blameable(this.#preview());
      if (tries > 1 && open.length > 0 && open.every(couldBeKernelsOwn)) {
        this.#openReport = this.#watchOpenReport(alarm, tries - 1);
      } else if (open.length > 0) {
        alarm();
      }
    }, openReportMs).unref();
  }

  /** The watch's own parser is in the middle of a report: another one reads what there is of it. */
  #preview(): readonly CrashReport[] {
    const preview = new ConsoleParser();
    const reports = this.#crashText.flatMap((chunk) => preview.push(chunk));
    return [...reports, ...preview.end()];
  }

  #keepCrashText(chunk: Uint8Array): void {
    if (this.#crashTextBytes < mostCrashText) {
      this.#crashText.push(chunk);
      this.#crashTextBytes += chunk.byteLength;
    }
  }

  #watchReset(vm: RunningVm, onReset: () => void): void {
    const events = vm.qmp.events({ names: ['SHUTDOWN', 'RESET'] });
    const watch = async () => {
      for await (const event of events) {
        if (event.data.guest) {
          onReset();
          return;
        }
      }
    };
    // The link ends with the machine, which `exited` tells of.
    watch().catch(() => undefined);
  }
}
