// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { LabFailure } from '../errors.ts';
import type { BenchParts } from './bench-parts.ts';
import { driverArchives, threeCards, threeCardsScript } from './driver-machine.ts';
import { simulate } from './simulation.ts';
import { type Direction, directions, type FrameBytes, frameBytes } from './speed.ts';
import { type Spread, spreadOf } from './spread.ts';

/**
 * 8 ns an instruction: the card, whose latencies are fixed times, is then done with a frame before the guest has
 * built the next one. Faster, and one driver might get an interrupt for each frame and the other one for two.
 */
export const shift = 3;
/** The guest is booted with each: what lies where changes a count by half a percent. */
export const seeds = [1, 2, 3] as const;

/** Frames that are given with one doorbell. */
export const bursts = [1, 32] as const;
export type Burst = (typeof bursts)[number];

/** What a packet costs one driver under one load. */
export interface PacketCost {
  readonly direction: Direction;
  readonly bytes: FrameBytes;
  readonly burst: Burst;
  /** Instructions of the whole guest for one packet; for the received ones without what sending them cost. */
  readonly instructions: Spread;
  readonly interrupts: number;
}

/** Counts instructions a packet, exactly: virtual time is a count of them, and the vCPU never idles while it sends. */
export async function countInstructions(
  own: OwnDriver,
  packets: number,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<readonly PacketCost[]> {
  const consoles: string[] = [];
  for (const seed of seeds) {
    const simulation = {
      doing: `counting the instructions of driver ${own}`,
      cpus: 1,
      shift,
      seed,
      nics: threeCards,
      archives: driverArchives(parts, own),
      script: threeCardsScript(own) + countingScript(packets),
    };
    consoles.push((await simulate(simulation, parts, signal)).console);
  }
  return packetCosts(consoles.map(parseCounts));
}

function countingScript(packets: number): string {
  const counts = frameBytes.flatMap((bytes) =>
    bursts.map((burst) => `both ${bytes} ${burst} ${packets}`),
  );
  return `
# counted LABEL BYTES BURST PACKETS CARD: sends, and prints time, packets and interrupts of the card
counted() {
	send $4
	frames=$(statistic $5 rx_packets) interrupts=$(interrupts_of $5)
	send $4
	interrupts=$(($(interrupts_of $5) - interrupts))
	sleep 0.1
	frames=$(($(statistic $5 rx_packets) - frames))
	echo "count $1 $2 $3 interrupts $interrupts frames $frames $(print_sent)"
}

both() { # BYTES BURST PACKETS
	prepare_sender $sender $1 $sink_mac $2 1
	counted sent $1 $2 $3 $sender
	prepare_sender $partner $1 $receiver_mac $2 1
	counted received $1 $2 $3 $receiver
	ip link set dev $receiver down
	counted unreceived $1 $2 $3 $receiver
	up $receiver
}
${counts.join('\n')}
`;
}

/** One count, of one boot. */
export interface Count {
  readonly label: 'sent' | 'received' | 'unreceived';
  readonly bytes: FrameBytes;
  readonly burst: Burst;
  /** For one packet. */
  readonly instructions: number;
  readonly interrupts: number;
}

const countLine =
  /^count (\w+) (\d+) (\d+) interrupts (\d+) frames (\d+) sender .*OK: (\d+)\(c\d+\+d\d+\) usec, (\d+) \(.*errors: 0$/gm;

/** Reads what the script has printed; LabFailure when packets were lost on their way to the receiver. */
export function parseCounts(console: string): readonly Count[] {
  return [...console.matchAll(countLine)].map(([, label, ...words]): Count => {
    const [bytes, burst, interrupts = 0, frames = 0, us = 0, packets = 0] = words.map(Number);
    if (label === 'received' && frames !== packets) {
      throw countFailure(`${frames} of ${packets} packets were received`);
    }
    return {
      label: label as Count['label'],
      bytes: bytes as FrameBytes,
      burst: burst as Burst,
      instructions: (us * 1_000) / 2 ** shift / packets,
      interrupts: interrupts / packets,
    };
  });
}

/** Costs under each load, of some boots; LabFailure when a count is missing. */
export function packetCosts(boots: readonly (readonly Count[])[]): readonly PacketCost[] {
  return directions.flatMap((direction) =>
    frameBytes.flatMap((bytes) =>
      bursts.map((burst) => {
        const counts = boots.map((boot) => {
          const same = boot.filter((one) => one.bytes === bytes && one.burst === burst);
          const count = (label: Count['label']): Count => {
            const found = same.find((one) => one.label === label);
            if (found === undefined) throw countFailure(`${label} ${bytes} ${burst} is missing`);
            return found;
          };
          const without = direction === 'sent' ? 0 : count('unreceived').instructions;
          const { instructions, interrupts } = count(direction);
          return { instructions: instructions - without, interrupts };
        });
        return {
          direction,
          bytes,
          burst,
          instructions: spreadOf(counts.map(({ instructions }) => instructions)),
          interrupts: spreadOf(counts.map(({ interrupts }) => interrupts)).median,
        };
      }),
    ),
  );
}

function countFailure(what: string): LabFailure {
  return new LabFailure('BENCH_OUTPUT', `the count of instructions is not sound: ${what}`, {
    remedy: 'Run it again; if it repeats, report it with the console of the guest.',
  });
}
