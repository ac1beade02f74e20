// SPDX-License-Identifier: Apache-2.0
import type { FerronicTrigger } from 'qemu-ipc/qapi.gen';
import type { DeviceFault, FaultPlan, Misbehaviour, PlannedFault } from './fault.ts';
import type { PlanShape } from './generate-plan.ts';
import { maxSeed, type SeededRandom } from './seeded-random.ts';

const us = 1_000;
const ms = 1_000_000;

/**
 * Draws what the devices do wrong during traffic. Only what a driver can live through, at the latest
 * with its next start, and keep from its users: a device that dies has steps of its own, and one that
 * writes wrong bytes, or writes to a buffer that it has called done, no driver can help.
 */
export function drawDeviceFaults(
  random: SeededRandom,
  { rounds, nics, vectors, trafficMs }: Omit<PlanShape, 'types'>,
): FaultPlan {
  const plan: PlannedFault[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const longest = Math.max(1, trafficMs[round] ?? 0) * ms;
    const drawn = Array.from({ length: random.int(3, 8) }, () => ({
      ns: random.int(0, longest / us) * us,
      fault: drawOne(random, random.pick(nics), vectors),
    }));
    for (const { ns, fault } of drawn.sort((a, b) => a.ns - b.ns)) {
      plan.push({ at: { round, phase: 'traffic', ns }, fault });
    }
  }
  return plan;
}

/** Two plans as one, each keeping its own order. */
export function mergePlans(a: FaultPlan, b: FaultPlan): FaultPlan {
  return [...a, ...b].sort((left, right) => left.at.round - right.at.round);
}

function drawOne(random: SeededRandom, nic: string, vectors: number): DeviceFault {
  const what = random.pick(kinds)(random, vectors);
  const { times, trigger } = atOnce.includes(what.kind)
    ? { times: random.int(1, 5), trigger: counting(random) }
    : drawOccasion(random);
  const seed = random.int(0, maxSeed >>> 1);
  return { type: 'device-fault', nic, fault: { ...what, trigger, times, seed } };
}

const rxQueues = ['rx0', 'rx1', 'rx2', 'rx3'] as const;
const txQueues = ['tx0', 'tx1', 'tx2', 'tx3'] as const;

type Draw = (random: SeededRandom, vectors: number) => Misbehaviour;

const kinds: readonly [Draw, ...Draw[]] = [
  (random, vectors) => ({ kind: 'irq-spurious', vector: random.int(0, vectors - 1) }),
  (random, vectors) => ({ kind: 'irq-lost', vector: random.int(0, vectors - 1) }),
  (random) => ({ kind: 'irq-late', 'delay-ns': drawDelay(random) }),
  (random, vectors) => ({ kind: 'irq-wrong-vector', to: random.int(0, vectors - 1) }),
  // A transmit queue may hold but one frame after a reset: when its head is lost, or waits for the next one, the
  // kernel's transmit watchdog ends that, as it should, and its report is not to be told from one of a driver's mistake.
  (random) => ({ kind: 'completion-lost', queue: random.pick(rxQueues) }),
  (random) => ({ kind: 'completion-late', 'delay-ns': drawDelay(random) }),
  // A head that goes back. A receive descriptor that is called done twice looks like any other.
  (random) => ({
    kind: 'completion-duplicated',
    queue: random.pick(txQueues),
    'delay-ns': drawDelay(random),
  }),
  (random) => ({ kind: 'completion-reordered', queue: random.pick(rxQueues) }),
  (random) => ({ kind: 'dma-error', part: random.pick(['descriptor', 'data', 'completion']) }),
  (random) => ({ kind: 'dma-bit-flip', part: 'completion', engine: random.pick(rxQueues) }),
  (random) => ({ kind: 'dma-short-write', part: 'completion', engine: random.pick(rxQueues) }),
  (random) => ({ kind: 'rx-length-too-long', excess: random.int(1, 16_000) }),
  () => ({ kind: 'rx-length-zero' }),
  () => ({ kind: 'rx-bad-checksum' }),
  () => ({ kind: 'all-ones' }),
  () => ({ kind: 'aer-correctable' }),
];

const atOnce: readonly Misbehaviour['kind'][] = ['irq-spurious', 'aer-correctable'];

function drawDelay(random: SeededRandom): number {
  return random.chance(0.5) ? random.int(1, 1_000) * us : random.int(1, 20) * ms;
}

/** After some number of events: for what happens to nothing in particular. */
function counting(random: SeededRandom): FerronicTrigger {
  const when = random.pick(['descriptor', 'interrupt', 'register-write'] as const);
  return { when, nth: random.int(1, 100) };
}

/** How often, and to which of the things that it can happen to. */
function drawOccasion(random: SeededRandom): { times: number; trigger: FerronicTrigger } {
  return random.chance(0.5)
    ? { times: random.int(1, 3), trigger: { when: 'opportunity', nth: random.int(1, 100) } }
    : { times: random.int(1, 20), trigger: { when: 'random', ppm: random.int(1, 100) * 1_000 } };
}
