// SPDX-License-Identifier: Apache-2.0

/** Something that happened in a machine, at a virtual time in nanoseconds since it was loaded. */
export interface TimelineEvent {
  readonly ns: number;
  /** What did it: a vCPU by its number, or a device by its id. */
  readonly who: number | string;
  readonly kind: 'turn' | 'call' | 'device';
  readonly text: string;
}

/** QEMU's trace events that a timeline is made of; the others of the device come as often as they need to. */
export const timelineEvents: readonly string[] = [
  'vcpu_scheduler_turn',
  'ferronic_violation',
  'ferronic_reset',
  'ferronic_ready',
  'ferronic_link',
  'ferronic_power',
  'ferronic_removed',
  'ferronic_queue_start',
  'ferronic_queue_drain',
  'ferronic_queue_stop',
  'ferronic_doorbell',
  'ferronic_dma_error',
  'ferronic_copy_start',
  'ferronic_copy_end',
  'ferronic_rx_frame',
  'ferronic_rx_drop',
  'ferronic_tx_frame',
  'ferronic_tx_error',
  'ferronic_irq_fire',
  'ferronic_irq_held',
  'ferronic_fault',
];

/** Names the function at an address (hexadecimal). */
export type NameOf = (address: string) => string | undefined;

/**
 * Reads QEMU's log of a run: turns of vCPUs, functions that the plugin saw entered, and what devices did. A device's
 * line has no time of its own but for interrupts: it happened after the line before it, and has that one's time.
 */
export function readTimeline(log: string, nameOf: NameOf): readonly TimelineEvent[] {
  const events: TimelineEvent[] = [];
  let now = 0;
  for (const line of log.split('\n')) {
    const event = turn(line) ?? call(line, nameOf) ?? deviceLine(line, now);
    if (event === undefined) continue;
    now = Math.max(now, event.ns);
    events.push({ ...event, ns: now });
  }
  return events;
}

function turn(line: string): TimelineEvent | undefined {
  const [, cpu, at, ns] = /^vcpu_scheduler_turn cpu (\d+) at (\d+) ns (\d+)$/.exec(line) ?? [];
  if (cpu === undefined) return undefined;
  return { ns: Number(ns), who: Number(cpu), kind: 'turn', text: `instruction ${at}` };
}

function call(line: string, nameOf: NameOf): TimelineEvent | undefined {
  const [, ns, cpu, address] = /^call \d+ (\d+) (\d+) ([0-9a-f]+)$/.exec(line) ?? [];
  if (address === undefined) return undefined;
  const text = nameOf(address) ?? `0x${address}`;
  return { ns: Number(ns), who: Number(cpu), kind: 'call', text };
}

function deviceLine(line: string, now: number): TimelineEvent | undefined {
  const [, event, device, rest] = /^ferronic_(\w+) (\w+): (.*)$/.exec(line) ?? [];
  if (event === undefined || device === undefined) return undefined;
  const text = `${event.replaceAll('_', ' ')}: ${(rest ?? '').replace(/ at \d+ ns$/, '')}`;
  return { ns: now, who: device, kind: 'device', text };
}

/** Lines for a terminal: time before the end in microseconds, who, what. Turns without a call in them are left out. */
export function timelineText(events: readonly TimelineEvent[], endNs: number): readonly string[] {
  const guest = events.filter(({ kind }) => kind !== 'device');
  const idle = new Set(guest.filter((_, index) => guest[index + 1]?.kind !== 'call'));
  const shown = events.filter((event) => event.kind !== 'turn' || !idle.has(event));
  return shown.map(({ ns, who, kind, text }) => {
    const time = `${((ns - endNs) / 1e3).toFixed(3)} us`.padStart(16);
    const name = (typeof who === 'number' ? `cpu${who}` : who).padEnd(6);
    return `${time}  ${name}${kind === 'turn' ? `-- its turn, ${text}` : text}`;
  });
}

/**
 * The same as a document for Perfetto and chrome://tracing: a track a vCPU with its turns, and one a device.
 * Format: "Trace Event Format", JSON object with traceEvents; times in microseconds.
 */
export function chromeTrace(events: readonly TimelineEvent[], endNs: number): object {
  const tracks = [...new Set(events.map(({ who }) => who))];
  const names = tracks.map((who) => ({
    ph: 'M',
    name: 'thread_name',
    pid: 1,
    tid: trackOf(who, tracks),
    args: { name: typeof who === 'number' ? `vCPU ${who}` : who },
  }));
  const turns = events.filter(({ kind }) => kind === 'turn');
  const slices = turns.map(({ ns, who, text }, index) => ({
    ph: 'X',
    name: 'runs',
    pid: 1,
    tid: trackOf(who, tracks),
    ts: ns / 1e3,
    dur: ((turns[index + 1]?.ns ?? endNs) - ns) / 1e3,
    args: { from: text },
  }));
  const instants = events
    .filter(({ kind }) => kind !== 'turn')
    .map(({ ns, who, text }) => ({
      ph: 'i',
      s: 't',
      name: text,
      pid: 1,
      tid: trackOf(who, tracks),
      ts: ns / 1e3,
    }));
  return { displayTimeUnit: 'ns', traceEvents: [...names, ...slices, ...instants] };
}

function trackOf(who: number | string, tracks: readonly (number | string)[]): number {
  return typeof who === 'number' ? who : 100 + tracks.indexOf(who);
}
