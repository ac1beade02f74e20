// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { LabFailure } from '../errors.ts';
import type { BenchParts } from './bench-parts.ts';
import { driverArchives, threeCards, threeCardsScript } from './driver-machine.ts';
import { seeds } from './instruction-count.ts';
import { type SimulationResult, simulate } from './simulation.ts';
import { type Direction, directions } from './speed.ts';
import { percentile } from './spread.ts';

/** 1 ns an instruction. */
const shift = 0;
const bytes = 60;
/** Each gives one interrupt or less, each interrupt two lines on the console. */
const packets = 2_000;
/** The trace event with which the card says that it has sent a message, and when. */
const fireEvent = 'ferronic_irq_fire';
const cardOf: Readonly<Record<Direction, string>> = { sent: 'sender', received: 'receiver' };

/** Virtual nanoseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
}

/** From the card's message to the call of the driver's handler, and to that of its poll. */
export interface InterruptLatency {
  readonly direction: Direction;
  readonly interrupts: number;
  readonly toHandler: Latency;
  readonly toPoll: Latency;
}

/** A call of a handler or a poll, as the probe in the guest notes it. */
export interface Call {
  readonly kind: 'handler' | 'poll';
  /** Vector, or instance of NAPI. */
  readonly number: number;
  readonly ns: number;
}

/** A message that the card sent. */
export interface Message {
  readonly vector: number;
  readonly ns: number;
}

/** Measures how long interrupts take to reach the driver while it sends, and while it receives. */
export async function measureLatency(
  own: OwnDriver,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<readonly InterruptLatency[]> {
  const boots: SimulationResult[] = [];
  for (const seed of seeds) {
    const simulation = {
      doing: `measuring the interrupts of driver ${own}`,
      cpus: 1,
      shift,
      seed,
      nics: threeCards,
      archives: driverArchives(parts, own),
      script: threeCardsScript(own) + latencyScript(),
      traceEvents: [fireEvent],
    };
    boots.push(await simulate(simulation, parts, signal));
  }
  return directions.map((direction) => {
    const delays = boots.flatMap(({ console, trace }) =>
      delaysOf(parseMessages(trace, cardOf[direction]), parseCalls(console, direction)),
    );
    return latencyOf(direction, delays);
  });
}

function latencyScript(): string {
  return `
probed() { # LABEL CARD
	send ${packets}
	insmod /lib/modules/ferrolab/irq_probe.ko interface=$2
	send ${packets}
	echo "calls of $1: $(wc -l </proc/irq_probe)"
	cat /proc/irq_probe
	echo "end of calls"
	rmmod irq_probe
}
prepare_sender $sender ${bytes} $sink_mac 1 1
probed sent $sender
prepare_sender $partner ${bytes} $receiver_mac 1 1
probed received $receiver
`;
}

/** Messages of one card in QEMU's trace. */
export function parseMessages(trace: string, card: string): readonly Message[] {
  const line = new RegExp(`^${fireEvent} ${card}: vector (\\d+) at (\\d+) ns$`, 'gm');
  return [...trace.matchAll(line)].map(([, vector, ns]) => ({
    vector: Number(vector),
    ns: Number(ns),
  }));
}

/** What the probe noted under one load; LabFailure when a line is missing. */
export function parseCalls(console: string, label: string): readonly Call[] {
  const begin = new RegExp(`^calls of ${label}: (\\d+)$`, 'm').exec(console);
  const start = begin === null ? 0 : begin.index;
  const text = console.slice(start, console.indexOf('\nend of calls', start));
  const calls = [...text.matchAll(/^(handler|poll) (\d+) (\d+)$/gm)].map(
    ([, kind, number, ns]): Call => ({
      kind: kind === 'poll' ? 'poll' : 'handler',
      number: Number(number),
      ns: Number(ns),
    }),
  );
  if (calls.length > 0 && calls.length === Number(begin?.[1])) return calls;
  const message = `the console has ${calls.length} of ${begin?.[1] ?? 'no'} calls of ${label}`;
  throw new LabFailure('BENCH_OUTPUT', message, {
    remedy: 'Run it again; if it repeats, report it with the console of the guest.',
  });
}

/** How long after the card's message its handler and its poll were called, in ns. */
export interface Delay {
  readonly toHandler: number;
  /** Absent when the handler scheduled a poll that was scheduled already. */
  readonly toPoll?: number;
}

/**
 * Puts calls and messages together: a vector masks itself when it fires, so a handler's call belongs to the last
 * message of its vector, and the next call of a poll to that handler.
 */
export function delaysOf(messages: readonly Message[], calls: readonly Call[]): readonly Delay[] {
  const vector = busiestVector(calls);
  const own = messages.filter((message) => message.vector === vector);
  const delays: Delay[] = [];
  let next = 0;
  for (const [index, call] of calls.entries()) {
    if (call.kind !== 'handler' || call.number !== vector) continue;
    while ((own[next]?.ns ?? Number.POSITIVE_INFINITY) <= call.ns) next += 1;
    const message = own[next - 1];
    const poll = calls[index + 1];
    if (message === undefined) continue;
    const toPoll = poll?.kind === 'poll' ? { toPoll: poll.ns - message.ns } : {};
    delays.push({ toHandler: call.ns - message.ns, ...toPoll });
  }
  return delays;
}

function latencyOf(direction: Direction, delays: readonly Delay[]): InterruptLatency {
  const toHandler = delays.map((delay) => delay.toHandler);
  const toPoll = delays.flatMap((delay) => (delay.toPoll === undefined ? [] : [delay.toPoll]));
  if (toHandler.length === 0 || toPoll.length === 0) {
    throw new LabFailure('BENCH_OUTPUT', 'no interrupt of the card reached its driver', {
      remedy: 'Build QEMU again: npm run lab:build -- qemu',
    });
  }
  return {
    direction,
    interrupts: toHandler.length,
    toHandler: { median: percentile(toHandler, 50), p99: percentile(toHandler, 99) },
    toPoll: { median: percentile(toPoll, 50), p99: percentile(toPoll, 99) },
  };
}

/** The vector of the queue under load; that of management fires now and then. */
function busiestVector(calls: readonly Call[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { kind, number } of calls) {
    if (kind === 'handler') counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
