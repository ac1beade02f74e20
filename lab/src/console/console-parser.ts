// SPDX-License-Identifier: Apache-2.0

import { detectHeader, mayHaveHeader } from './all-detectors.ts';
import { type ConsoleLine, readConsoleLine } from './console-line.ts';
import type { CrashReport } from './crash-report.ts';
import { LineSplitter } from './line-splitter.ts';
import { OpenReport } from './open-report.ts';
import { RebootWatch } from './reboot-watch.ts';
import { plainText } from './terminal-text.ts';

export interface ConsoleParserOptions {
  /** Reports after this many are counted, not returned; 1000 unless told. */
  readonly maxReports?: number;
}

/** What the kernel prints between the torn half of a message and the whole of it. */
const replayed = /^\*\* replaying previous printk message \*\*$/;

/** A task, a CPU, or all of them together when the console does not tell them apart. */
interface Writer {
  report: OpenReport | null;
}

const maxWriters = 32;
/** Lines of others after which a silent writer's report is over. */
const patience = 5000;

/**
 * Reads a kernel console as it comes and finds the crashes in it, in order: the first is the cause.
 * Its memory is bounded, whatever the console contains.
 */
export class ConsoleParser {
  readonly #splitter = new LineSplitter();
  readonly #reboots = new RebootWatch();
  readonly #writers = new Map<string, Writer>();
  readonly #open = new Set<OpenReport>();
  readonly #maxReports: number;
  #waiting: CrashReport[] = [];
  #found = 0;
  #dropped = 0;
  #nextSweep = 0;
  /** Where the last message went, in case the kernel takes it back. */
  #last: OpenReport | null = null;

  constructor(options: ConsoleParserOptions = {}) {
    this.#maxReports = options.maxReports ?? 1000;
  }

  /** Feeds a piece of the console; returns the reports that are complete by now. */
  push(chunk: Uint8Array | string): CrashReport[] {
    this.#splitter.push(chunk, (line, number) => this.#line(line, number));
    return this.#take();
  }

  /** Ends the console; returns the reports that were still open. */
  end(): CrashReport[] {
    this.#splitter.end((line, number) => this.#line(line, number));
    for (const report of [...this.#open]) this.#close(report);
    this.#writers.clear();
    return this.#take();
  }

  /** Whether a crash has begun whose report is not complete yet. */
  get crashing(): boolean {
    return this.#open.size > 0;
  }

  /** Reports found after the limit, not returned. */
  get dropped(): number {
    return this.#dropped;
  }

  #line(raw: string, number: number): void {
    if (this.#open.size === 0 && this.#isOrdinary(raw)) {
      this.#last = null;
      return;
    }
    for (const line of readConsoleLine(raw, number)) this.#message(line);
  }

  /** Most lines of most consoles: no report is open and none begins. */
  #isOrdinary(raw: string): boolean {
    if (this.#reboots.needs(raw) || mayHaveHeader(raw)) return false;
    // An escape sequence can stand in the middle of a word.
    const plain = plainText(raw);
    return plain === raw || !mayHaveHeader(plain);
  }

  #message(line: ConsoleLine): void {
    if (replayed.test(line.text)) {
      this.#takeBack();
      return;
    }
    if (this.#reboots.sees(line)) this.#rebooted(line);
    if (line.number >= this.#nextSweep) this.#sweep(line.number);
    const writer = this.#writer(line.caller);
    const detector = detectHeader(line.text);
    if (detector === undefined) {
      this.#last = writer.report ?? this.#askerOf(line);
      this.#last?.add(line, false);
    } else {
      const current = writer.report;
      if (current?.takesHeader(detector, line)) {
        current.add(line, true);
      } else {
        if (current) this.#close(current);
        this.#start(writer, new OpenReport(detector, line));
      }
      this.#last = writer.report;
    }
    if (this.#last?.finished) this.#close(this.#last);
  }

  /** The report for which a CPU shows its stack that another one asked for it. */
  #askerOf({ caller }: ConsoleLine): OpenReport | null {
    if (!caller.startsWith('C')) return null;
    for (const report of this.#open) if (report.asksOtherCpus) return report;
    return null;
  }

  /** Another context took the console over in the middle of a message, which comes again, whole. */
  #takeBack(): void {
    const report = this.#last;
    this.#last = null;
    if (report === null || !this.#open.has(report) || !report.retract()) return;
    this.#open.delete(report);
    for (const writer of this.#writers.values()) {
      if (writer.report === report) writer.report = null;
    }
  }

  /** A writer that fell silent in the middle of a report must not hold up the reports of the others. */
  #sweep(now: number): void {
    this.#nextSweep = now + patience / 5;
    for (const report of [...this.#open]) {
      if (report.lastLine < now - patience) this.#close(report);
    }
  }

  #writer(caller: string): Writer {
    let writer = this.#writers.get(caller);
    // A map remembers the order of insertion: the first is the one that was silent the longest.
    if (writer) this.#writers.delete(caller);
    else writer = { report: null };
    this.#writers.set(caller, writer);
    if (this.#writers.size > maxWriters) {
      const [oldest] = this.#writers;
      if (oldest) {
        if (oldest[1].report) this.#close(oldest[1].report);
        this.#writers.delete(oldest[0]);
      }
    }
    return writer;
  }

  #start(writer: Writer, report: OpenReport): void {
    writer.report = report;
    this.#open.add(report);
  }

  #close(report: OpenReport): void {
    this.#open.delete(report);
    for (const writer of this.#writers.values()) {
      if (writer.report === report) writer.report = null;
    }
    if (this.#found >= this.#maxReports) {
      this.#dropped++;
      return;
    }
    const crash = report.describe();
    if (crash) this.#keep(crash);
  }

  #rebooted(line: ConsoleLine): void {
    const panicked = [...this.#open].some((report) => report.panicked);
    for (const report of [...this.#open]) this.#close(report);
    if (panicked) return;
    this.#keep({
      title: 'unexpected kernel reboot',
      altTitles: [],
      type: 'REBOOT',
      family: 'reboot',
      frame: null,
      corrupted: false,
      startLine: line.number,
      endLine: line.number,
      lines: [line.printed],
      linesDropped: 0,
    });
  }

  #keep(crash: CrashReport): void {
    this.#found++;
    this.#waiting.push(crash);
  }

  /** Takes the reports that no open report came before, so that causes come first. */
  #take(): CrashReport[] {
    let bound = Number.POSITIVE_INFINITY;
    for (const report of this.#open) bound = Math.min(bound, report.startLine);
    const ready = this.#waiting.filter((crash) => crash.startLine <= bound);
    this.#waiting = this.#waiting.filter((crash) => crash.startLine > bound);
    return ready.sort((a, b) => a.startLine - b.startLine);
  }
}
