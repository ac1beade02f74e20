// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { bootVm } from '../run/boot-sequence.ts';
import type { Accelerator, MachineSpec, NicBackend } from '../vm/machine-spec.ts';
import type { BenchParts } from './bench-parts.ts';
import { bringUpCards, type Card, type MissingCard, nicsFor } from './cards.ts';
import { FrameSource } from './frame-source.ts';
import { MeasuredGuest } from './measured-guest.ts';
import { measureReceiving } from './receive.ts';
import { inRunFolder } from './run-folder.ts';
import type { Subject } from './subjects.ts';
import { measureSending } from './transmit.ts';

export const directions = ['sent', 'received'] as const;
export type Direction = (typeof directions)[number];

/** Lengths of frames without FCS: the shortest, and a full one. */
export const frameBytes = [60, 1_500] as const;
export type FrameBytes = (typeof frameBytes)[number];

export const speedCpus = 2;
const memoryMiB = 256;
const bootMs = 120_000;

/** What to measure, and how often. */
export interface SpeedRequest {
  readonly subjects: readonly Subject[];
  readonly accel: Accelerator;
  readonly rounds: number;
  readonly seconds: number;
  readonly threads: number;
}

/** One measurement. */
export interface SpeedSample {
  readonly subject: Subject;
  readonly direction: Direction;
  readonly bytes: FrameBytes;
  readonly packetsPerSecond: number;
}

export interface SpeedResult {
  readonly cards: readonly (Card | MissingCard)[];
  readonly samples: readonly SpeedSample[];
}

/** Told of each measurement as it is made. */
export type SpeedProgress = (round: number, sample: SpeedSample) => void;

/**
 * Measures all subjects in turn, then all again, round after round; each round in fresh guests that have all cards,
 * and begins with another subject than the last.
 */
export async function measureSpeed(
  request: SpeedRequest,
  parts: BenchParts,
  progress: SpeedProgress,
  signal: AbortSignal,
): Promise<SpeedResult> {
  const samples: SpeedSample[] = [];
  let cards: readonly (Card | MissingCard)[] = [];
  for (let round = 0; round < request.rounds; round += 1) {
    for (const direction of directions) {
      cards = await measureRound(
        { ...request, subjects: rotated(request.subjects, round) },
        direction,
        parts,
        (sample) => {
          samples.push(sample);
          progress(round, sample);
        },
        signal,
      );
    }
  }
  return { cards, samples };
}

async function measureRound(
  request: SpeedRequest,
  direction: Direction,
  parts: BenchParts,
  found: (sample: SpeedSample) => void,
  signal: AbortSignal,
): Promise<readonly (Card | MissingCard)[]> {
  return await inRunFolder(async (runDir) => {
    await using cable = await Cable.open(request.subjects, direction, runDir);
    const wait: Wait = { signal, deadline: Deadline.after(bootMs) };
    const spec = speedMachine(request, parts, runDir, cable.backend);
    await using booted = await bootVm(spec, parts.credentials, wait);
    const guest = new MeasuredGuest(booted, signal);
    const cards = await bringUpCards(guest, request.subjects);
    for (const card of cards) {
      if ('missing' in card) continue;
      for (const bytes of frameBytes) {
        const load = { bytes, seconds: request.seconds, threads: request.threads };
        const source = cable.sourceOf(card.mac);
        const packetsPerSecond =
          source === undefined
            ? await measureSending(guest, card, load)
            : await measureReceiving(guest, card, source, load, {
                signal,
                deadline: Deadline.never,
              });
        found({ subject: card.subject, direction, bytes, packetsPerSecond });
      }
    }
    return cards;
  });
}

function speedMachine(
  request: SpeedRequest,
  parts: BenchParts,
  runDir: string,
  backend: (mac: string) => NicBackend,
): MachineSpec {
  const modules = [...parts.drivers.values()].map(({ archive }) => archive);
  return {
    cpus: speedCpus,
    memoryMiB,
    accel: request.accel,
    kernel: parts.kernel,
    initramfs: [parts.sshInitramfs, ...modules],
    append: [],
    nics: nicsFor(request.subjects, backend),
    qemu: parts.qemu,
    runDir,
  };
}

/** What the cards are connected to: a sink each when they send, a source of frames each when they receive. */
class Cable implements AsyncDisposable {
  readonly #sources: ReadonlyMap<string, FrameSource>;

  private constructor(sources: ReadonlyMap<string, FrameSource>) {
    this.#sources = sources;
  }

  static async open(
    subjects: readonly Subject[],
    direction: Direction,
    runDir: string,
  ): Promise<Cable> {
    const sources = new Map<string, FrameSource>();
    if (direction === 'sent') return new Cable(sources);
    const cable = new Cable(sources);
    try {
      for (const { mac } of nicsFor(subjects, () => ({ kind: 'sink' }))) {
        sources.set(mac, await FrameSource.listen(join(runDir, socketName(mac))));
      }
      return cable;
    } catch (error) {
      await cable[Symbol.asyncDispose]();
      throw error;
    }
  }

  readonly backend = (mac: string): NicBackend =>
    this.#sources.has(mac) ? { kind: 'stream', socket: socketName(mac) } : { kind: 'sink' };

  sourceOf(mac: string): FrameSource | undefined {
    return this.#sources.get(mac);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sources.values()].map((source) => source[Symbol.asyncDispose]()));
  }
}

function socketName(mac: string): string {
  return `${mac.replaceAll(':', '')}.sock`;
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
