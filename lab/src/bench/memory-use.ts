// SPDX-License-Identifier: Apache-2.0
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import { LabFailure } from '../errors.ts';
import type { BenchParts } from './bench-parts.ts';
import { driverArchives, sinkCards } from './driver-machine.ts';
import { simulate } from './simulation.ts';
import { speedCpus } from './speed.ts';
import { percentile } from './spread.ts';

const shift = 0;
const pageBytes = 4_096;
const cycles = 5;
/** What one takes is hardly more than the pages that come and go by chance. */
const cards = 8;

/** Memory in bytes, of one card. All but the module's is counted in pages, and comes from medians of some cycles. */
export interface MemoryUse {
  /** The module itself, as the kernel has laid it out. */
  readonly module: number;
  /** Taken by binding the card. */
  readonly bound: number;
  /** Taken by bringing its interface up. */
  readonly up: number;
  /** Not given back when the card was unbound, on average over all cycles. */
  readonly left: number;
}

/** Measures by how many pages free memory shrinks when the driver gets cards, and when their interfaces come up. */
export async function measureMemory(
  own: OwnDriver,
  parts: BenchParts,
  signal: AbortSignal,
): Promise<MemoryUse> {
  const { console } = await simulate(
    {
      doing: `measuring the memory of driver ${own}`,
      cpus: speedCpus,
      shift,
      seed: 1,
      nics: sinkCards(cards),
      archives: driverArchives(parts, own),
      script: memoryScript(ownDrivers[own].module),
    },
    parts,
    signal,
  );
  return parseMemory(console);
}

/**
 * Pages on a CPU's own list are free, too. The first cycle fills caches that stay. Loading is not measured in pages:
 * the kernel takes memory for modules in blocks of 2 MiB, and keeps them.
 */
function memoryScript(module: string): string {
  return `
settle() {
	sleep 5
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
}
pages() { awk '/nr_free_pages/ || / count: / { free += $2 } END { print free }' /proc/zoneinfo; }
cycle() {
	settle
	before=$(pages)
	for card in $cards; do echo $card >$driver/bind; done
	settle
	bound=$(pages)
	for card in $cards; do up $(ls $driver/$card/net); done
	settle
	up=$(pages)
	for card in $cards; do echo $card >$driver/unbind; done
	settle
	echo "pages $((before - bound)) $((bound - up)) $(pages)"
}
driver=/sys/bus/pci/drivers/${module}
insmod /lib/modules/ferrolab/${module}.ko
cards=$(cd $driver && echo 0000:*)
for card in $cards; do echo $card >$driver/unbind; done
echo "module $(cat /sys/module/${module}/coresize)"
cycle >/dev/null
settle
echo "free $(pages)"
for turn in $(seq ${cycles}); do cycle; done
`;
}

/** Reads what the script has printed. */
export function parseMemory(console: string): MemoryUse {
  const turns = [...console.matchAll(/^pages (-?\d+) (-?\d+) (\d+)$/gm)].map((match) =>
    match.slice(1).map(Number),
  );
  const module = Number(/^module (\d+)$/m.exec(console)?.[1] ?? 0);
  const free = Number(/^free (\d+)$/m.exec(console)?.[1] ?? 0);
  if (turns.length !== cycles || module === 0 || free === 0) {
    throw new LabFailure('BENCH_OUTPUT', 'the guest did not print its free pages', {
      remedy: 'Run it again; if it repeats, report it with the console of the guest.',
    });
  }
  const perCard = (pages: number): number => Math.round((pages * pageBytes) / cards);
  const median = (column: number): number =>
    percentile(
      turns.map((turn) => turn[column] ?? 0),
      50,
    );
  const [, , last = 0] = turns.at(-1) ?? [];
  return {
    module,
    bound: perCard(median(0)),
    up: perCard(median(1)),
    left: perCard((free - last) / cycles),
  };
}
