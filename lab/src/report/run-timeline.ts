// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from './plural.ts';
import { readEnd } from './read-part.ts';
import { printable } from './well-formed.ts';

/** Something that happened in a run, by the guest's virtual seconds where they are known. */
export interface TimelineEntry {
  readonly seconds: number | null;
  readonly what: string;
}

const mostEntries = 200;
const mostWords = 300;
/** A live run of an hour under interrupt storms writes hundreds of megabytes; what matters comes last. */
const mostBytes = 1 << 20;

/** What happened in a run until its end, from its folder; nothing when there is none. */
export async function readTimeline(folder: string): Promise<readonly TimelineEntry[]> {
  const events = await readEvents(join(folder, 'events.ndjson'));
  const known = events.some(({ type }) => type === 'violation');
  const violations = known ? [] : await deviceViolations(folder);
  return timelineOf([...events, ...violations]);
}

/** One line of a log. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** The last events in words; what repeats itself is one entry. */
export function timelineOf(events: readonly LoggedEvent[]): readonly TimelineEntry[] {
  const told = events.flatMap((event, order) => {
    const what = words(event);
    return what === null ? [] : [{ what, order, count: countOf(event), seconds: secondsOf(event) }];
  });
  told.sort((a, b) => (a.seconds ?? -1) - (b.seconds ?? -1) || a.order - b.order);
  const entries: (TimelineEntry & { readonly count: number })[] = [];
  for (const { seconds, what, count } of told) {
    const last = entries.at(-1);
    if (last?.what === what) entries[entries.length - 1] = { ...last, count: last.count + count };
    else entries.push({ seconds, what, count });
  }
  return entries.slice(-mostEntries).map(({ seconds, what, count }) => ({
    seconds,
    what: printable(count > 1 ? `${what} (${plural(count, 'time')})` : what).slice(0, mostWords),
  }));
}

async function readEvents(path: string): Promise<readonly LoggedEvent[]> {
  const end = await readEnd(path, mostBytes);
  if (end === null) return [];
  const lines = end.text.split('\n');
  // The first line is cut, unless the file begins with it.
  return (end.whole ? lines : lines.slice(1)).flatMap(parse);
}

/** In a simulated run the rules that were broken are known to the devices' own logs only. */
async function deviceViolations(folder: string): Promise<readonly LoggedEvent[]> {
  const names = await readdir(folder).catch(() => []);
  const logs = names.filter((name) => /^nic\d+\.ndjson$/.test(name)).sort();
  const found: LoggedEvent[] = [];
  for (const log of logs) found.push(...(await readEvents(join(folder, log))));
  return found.filter(({ type }) => type === 'violation');
}

function parse(line: string): LoggedEvent[] {
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? [event] : [];
  } catch {
    return [];
  }
}

function isEvent(value: unknown): value is LoggedEvent {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  );
}

function secondsOf({ virtualNs }: LoggedEvent): number | null {
  return typeof virtualNs === 'number' ? virtualNs / 1e9 : null;
}

/** How often it happened; a line of a device can tell of many. */
function countOf({ type, count }: LoggedEvent): number {
  const many = type === 'fault-delivered' || type === 'violation';
  return many && typeof count === 'number' && count > 1 ? count : 1;
}

/** An event for a reader; null of what only helps who builds the lab. */
function words(event: LoggedEvent): string | null {
  const said = (key: string): string => text(event[key]);
  switch (event.type) {
    case 'phase':
      return `round ${said('round')}: ${said('phase')}`;
    case 'step':
      return `lab: ${said('step')}`;
    case 'guest':
      return `guest: ${said('doing')}`;
    case 'irq-storm':
      return `injected irq-storm on ${said('nic')}, vector ${said('vector')}, ${said('rateHz')} Hz for ${milliseconds(event['ns'])}${refused(event)}`;
    case 'link-flap':
      return `injected link-flap on ${said('nic')}: ${said('count')} times down for ${milliseconds(event['downNs'])}${refused(event)}`;
    case 'device-fault':
    case 'standing-fault':
      return `injected ${said('fault')} on ${said('nic')}${event.type === 'standing-fault' ? ', from now on' : ''}`;
    case 'alloc-failures':
      return `${said('delivered')} allocations failed during ${said('phase')}, ${said('requested')} asked for`;
    case 'fault-delivered':
      return delivered(event);
    case 'violation':
      return `${said('device')}: the driver broke rule ${said('rule')}, ${said('name')}: ${said('detail')}${event['underFault'] === true ? ', under a fault' : ''}`;
    case 'qmp':
      return `machine: ${said('name')}`;
    case 'trouble':
      return `trouble: ${said('source')}`;
    case 'nmi':
      return 'asked all processors where they are';
    case 'workload-end':
      return `workload ended: ${said('kind')}${event['problem'] === undefined ? '' : `, ${said('problem')}`}`;
    case 'qemu-exit':
      return `QEMU ${said('how')}`;
    case 'verdict':
      return `${said('outcome')}: ${said('reason')}`;
    default:
      return null;
  }
}

/** A fault that met nothing it could break is none. */
function delivered({ device, kind, count }: LoggedEvent): string | null {
  return count === 0 ? null : `${text(device)}: ${text(kind)} arrived`;
}

function refused({ injection }: LoggedEvent): string {
  return injection === undefined || injection === 'injected' ? '' : `, ${text(injection)}`;
}

function milliseconds(ns: unknown): string {
  return typeof ns === 'number' ? `${ns / 1e6} ms` : '?';
}

function text(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, mostWords);
  if (value === undefined || value === null) return '?';
  return (JSON.stringify(value) ?? '?').slice(0, mostWords);
}
