// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import type { CrashReport } from '../console/crash-report.ts';

/** Turns a report into text with source lines. */
export type Symbolize = (report: CrashReport, wait: Wait) => Promise<string>;

/** What `report.txt` is made of. */
export interface CrashText {
  /** Why the run failed, in one line. */
  readonly reason: string;
  readonly reports: readonly CrashReport[];
  /** The last faults before the crash, oldest first. */
  readonly faults: readonly string[];
}

/** Text of `report.txt`: the crash, what was injected before it, and what followed from it. */
export async function crashText(
  { reason, reports, faults }: CrashText,
  symbolize: Symbolize,
  wait: Wait,
): Promise<string> {
  const sections = [];
  for (const [index, report] of reports.entries()) {
    const heading = index === 0 ? report.title : `followed by: ${report.title}`;
    sections.push(`${heading}\n\n${await symbolized(report, symbolize, wait)}`);
  }
  if (sections.length === 0) {
    sections.push(reason);
  }
  const injected = faults.length === 0 ? ['none'] : faults;
  sections.splice(
    1,
    0,
    `faults injected before it, by guest uptime in seconds\n\n${injected.join('\n')}`,
  );
  return `${sections.join('\n\n----\n\n')}\n`;
}

async function symbolized(report: CrashReport, symbolize: Symbolize, wait: Wait): Promise<string> {
  try {
    return await symbolize(report, wait);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return `${report.lines.join('\n')}\n(not symbolized: ${problem})`;
  }
}
