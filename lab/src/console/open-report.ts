// SPDX-License-Identifier: Apache-2.0

import type { ConsoleLine } from './console-line.ts';
import type { CrashReport } from './crash-report.ts';
import { describeReport } from './describe-report.ts';
import type { Detector } from './detector.ts';
import { readReportBody } from './report-body.ts';
import { belongsToReport, endsReport } from './report-lines.ts';

/** Lines kept of one report; the rest is counted. */
const maxLines = 600;
/** Ordinary messages in a row after which a report is over. */
const maxForeign = 100;
/** Messages after an end marker in which a panic still counts as the same event. */
const afterglow = 400;
/** How soon a stack trace must follow a header that proves nothing alone. */
const traceWithin = 15;

/** Messages of others that bring a stack along and are no crash. */
const otherStory =
  /FAULT_INJECTION: forcing a failure|vmalloc(?: error|: allocation failure)|FAULT_FLAG_ALLOW_RETRY missing|page allocation (?:failure|stalls)/;

/** A CPU that asks the others where they are, for its own report. */
const asksOthers = /Sending NMI from CPU/;

/** A report whose end was not seen yet. */
export class OpenReport {
  readonly startLine: number;
  /** The last line that this report's writer printed. */
  lastLine: number;
  readonly #detector: Detector;
  readonly #stamped: boolean;
  readonly #lines: ConsoleLine[] = [];
  #lastOwn = 0;
  #dropped = 0;
  #foreign = 0;
  #ended = false;
  #sinceEnd = 0;
  #panicked = false;
  /** The warning has come whose text the header is, and a warning needs no proof. */
  #followed = false;
  #asksOtherCpus = false;
  /** Whether the last message was kept. */
  #kept = false;

  constructor(detector: Detector, header: ConsoleLine) {
    this.#detector = detector;
    this.#stamped = header.seconds !== null;
    this.startLine = header.number;
    this.lastLine = header.number;
    this.add(header, true);
  }

  get finished(): boolean {
    return (
      this.#foreign > maxForeign ||
      this.#dropped >= maxLines ||
      (this.#ended && this.#sinceEnd > afterglow)
    );
  }

  /** The kernel gave up after this report, so that a new boot is no surprise. */
  get panicked(): boolean {
    return this.#panicked;
  }

  /** The other CPUs were asked for their stacks, which are a part of this report. */
  get asksOtherCpus(): boolean {
    return this.#asksOtherCpus && !this.#ended;
  }

  /** Whether a header of the same writer only tells how this report goes on. */
  takesHeader(detector: Detector, line: ConsoleLine): boolean {
    if (repeatsHeader(this.#lines.at(-1)?.text ?? '', line.text)) return true;
    if (!this.#hasTrace() && this.#detector.followedBy?.test(line.text)) {
      this.#followed = true;
      return true;
    }
    if (detector.strength === 'cause') return false;
    // After the end of a report only a panic still belongs to it.
    if (this.#ended && detector.family !== 'panic') return false;
    if (detector.repeats && this.#lines.some(({ text }) => detector.header.test(text)))
      return false;
    if (detector.strength === 'needs-trace') {
      return this.#detector.strength !== 'needs-trace' || this.#hasTrace();
    }
    if (this.#detector.strength === 'needs-trace' && !this.#hasTrace()) return false;
    if (line.text.includes('Kernel panic')) this.#panicked = true;
    return true;
  }

  /** Adds a message of the same writer; one from a user's program in between is left out. */
  add(line: ConsoleLine, isHeader: boolean): void {
    this.#kept = false;
    if (this.#stamped && line.seconds === null) return;
    this.lastLine = line.number;
    if (line.text.includes('Kernel panic')) this.#panicked = true;
    if (asksOthers.test(line.text)) this.#asksOtherCpus = true;
    if (isHeader) this.#ended = false;
    if (this.#ended) {
      this.#sinceEnd++;
      return;
    }
    // A forced failure tells its own story, with a stack of its own.
    if (!isHeader && otherStory.test(line.text)) {
      this.#ended = true;
      return;
    }
    const own = isHeader || belongsToReport(line.text);
    this.#foreign = own ? 0 : this.#foreign + 1;
    if (this.#lines.length < maxLines) {
      this.#lines.push(ownCopy(line));
      this.#kept = true;
      if (own && line.text.trim() !== '') this.#lastOwn = this.#lines.length - 1;
    } else {
      this.#dropped++;
    }
    if (endsReport(line.text)) {
      this.#ended = true;
      this.#sinceEnd = 0;
    }
  }

  /** Takes the last message out again; true when nothing is left. */
  retract(): boolean {
    if (!this.#kept) return false;
    this.#kept = false;
    this.#lines.pop();
    this.#lastOwn = Math.max(0, Math.min(this.#lastOwn, this.#lines.length - 1));
    this.#ended = false;
    return this.#lines.length === 0;
  }

  /** Puts the report into words; null when it turns out to be no crash. */
  describe(): CrashReport | null {
    const lines = this.#lines.slice(0, this.#lastOwn + 1);
    if (this.#detector.strength === 'needs-trace' && !this.#hasTrace()) return null;
    const description = describeReport(readReportBody(this.#lines));
    if (description === null) return null;
    return {
      ...description,
      startLine: this.startLine,
      endLine: lines.at(-1)?.number ?? this.startLine,
      lines: lines.map((line) => line.printed).filter((line) => line !== ''),
      linesDropped: this.#dropped,
    };
  }

  #hasTrace(): boolean {
    if (this.#followed || this.#lines.length < 2) return this.#followed;
    return readReportBody(this.#lines.slice(0, traceWithin)).hasTrace;
  }
}

/** A symbolized report has its header once for each inlined function, which may look like that of another kind. */
function repeatsHeader(last: string, next: string): boolean {
  if (!last.includes('[inline]')) return false;
  const [, shared = ''] = /^(.*?(?:\.\w{1,3}:\d+ (?:at )?| in ))/.exec(last) ?? [];
  return shared !== '' && next.startsWith(shared);
}

/** A line of its own: slices would keep the whole chunk alive that they were cut from. */
function ownCopy(line: ConsoleLine): ConsoleLine {
  const printed = Buffer.from(line.printed, 'utf8').toString('utf8');
  const text = printed.endsWith(line.text)
    ? printed.slice(printed.length - line.text.length)
    : Buffer.from(line.text, 'utf8').toString('utf8');
  return { ...line, text, printed };
}
