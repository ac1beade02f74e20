// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { readBeginning } from './read-part.ts';
import { readTimeline, type TimelineEntry } from './run-timeline.ts';
import { printable } from './well-formed.ts';

/** What the folder of a failed run says of its crash. */
export interface RunEvidence {
  /** `report.txt`, bounded and without terminal escapes; empty when it is not there. */
  readonly text: string;
  /** Faults before the crash, oldest first. */
  readonly faults: readonly string[];
  readonly timeline: readonly TimelineEntry[];
}

const mostText = 64 * 1024;
const mostFaults = 40;
const section = '\n\n----\n\n';
const faultsHeading = /^faults injected before it[^\n]*\n\n/;

/** Reads the evidence of a failed run; of a folder that is gone there is none. */
export async function readRunEvidence(folder: string): Promise<RunEvidence> {
  const report = await readBeginning(join(folder, 'report.txt'), mostText);
  const text = report === null ? '' : plainLines(report.text);
  const cut = report?.whole === false ? '\n(the rest is in report.txt of the folder)\n' : '';
  return { text: `${text}${cut}`, faults: faultsIn(text), timeline: await readTimeline(folder) };
}

/** The faults that a `report.txt` tells of. */
export function faultsIn(text: string): readonly string[] {
  const told = text.split(section).find((part) => faultsHeading.test(part));
  if (told === undefined) return [];
  const lines = told.replace(faultsHeading, '').trimEnd().split('\n');
  return lines.filter((line) => line !== '' && line !== 'none').slice(-mostFaults);
}

function plainLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
