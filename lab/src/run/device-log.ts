// SPDX-License-Identifier: Apache-2.0
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CrashRecord } from '../verdict.ts';
import { LineSplitter } from '../vm/line-splitter.ts';
import type { NicSpec } from '../vm/machine-spec.ts';
import type { MachineClock } from '../vm/simulated-machine.ts';
import { violationReport } from './device-report.ts';

/** A line of a device's log: a rule that its driver broke, or a fault that it made. */
export interface DeviceLogEntry {
  readonly type: 'violation' | 'fault';
  /** Virtual time of the machine in nanoseconds. */
  readonly time: number;
  /** How many of the kind the line tells of; the device adds up what comes too fast. */
  readonly count: number;
  readonly [member: string]: unknown;
}

/** Devices write less than a kilobyte a line. */
const maxLineLength = 64 * 1024;

/** The entries of a device's log, oldest first. A line that QEMU's end has cut is left out. */
export async function* readDeviceLog(path: string): AsyncGenerator<DeviceLogEntry> {
  if (!existsSync(path)) {
    return;
  }
  // Not node:readline, whose iterator never ends when its stream fails.
  const splitter = new LineSplitter(maxLineLength);
  for await (const chunk of createReadStream(path)) {
    yield* entriesOf(splitter.push(chunk as Uint8Array));
  }
  yield* entriesOf(splitter.end());
}

function entriesOf(lines: readonly string[]): readonly DeviceLogEntry[] {
  return lines.map(parseEntry).filter((entry) => entry !== undefined);
}

/** What an entry says against the driver; `null` when nothing does. */
export function entryReport(entry: DeviceLogEntry): CrashRecord | null {
  const { type, rule, underFault } = entry;
  if (type !== 'violation' || typeof rule !== 'number' || underFault === true) {
    return null;
  }
  return violationReport(rule);
}

/** What the logs of a machine's devices say against the driver, each complaint once. */
export async function deviceReports(
  runDir: string,
  nics: readonly Pick<NicSpec, 'log'>[],
): Promise<readonly CrashRecord[]> {
  const reports: CrashRecord[] = [];
  for (const { log } of nics) {
    if (log === undefined) continue;
    for await (const entry of readDeviceLog(join(runDir, log))) {
      const report = entryReport(entry);
      if (report !== null && !reports.some(({ title }) => title === report.title)) {
        reports.push(report);
      }
    }
  }
  return reports;
}

/** Where a simulated machine was; as QEMU's vcpu-scheduler counts, since it was loaded. */
export interface Place extends MachineClock {
  /** The vCPU that did it; none when it was a device of its own accord. */
  readonly cpu?: number;
}

/** Where the first complaint of a machine's devices came; `undefined` when there is none, or they do not say. */
export async function firstComplaint(
  runDir: string,
  nics: readonly Pick<NicSpec, 'log'>[],
): Promise<Place | undefined> {
  let first: Place | undefined;
  for (const { log } of nics) {
    if (log === undefined) continue;
    for await (const entry of readDeviceLog(join(runDir, log))) {
      const place = entryReport(entry) === null ? undefined : entryPlace(entry);
      if (place !== undefined) first = earlier(first, place);
    }
  }
  return first;
}

/** The earlier of two places; of one that is not known, the other one. */
export function earlier<P extends Place>(one: P | undefined, other: P | undefined): P | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.instructions < one.instructions ? other : one;
}

/** Before the instruction with which a vCPU made a device complain. */
function entryPlace({ position, virtualNs, vcpu }: DeviceLogEntry): Place | undefined {
  if (typeof position !== 'number' || typeof virtualNs !== 'number') return undefined;
  if (typeof vcpu !== 'number') return { instructions: position, virtualNs };
  return { instructions: position - 1, virtualNs, cpu: vcpu };
}

function parseEntry(line: string): DeviceLogEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is DeviceLogEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    (value.type === 'violation' || value.type === 'fault') &&
    'time' in value &&
    typeof value.time === 'number' &&
    'count' in value &&
    typeof value.count === 'number'
  );
}
