// SPDX-License-Identifier: Apache-2.0
import type { FaultType } from '../config/fault-types.ts';
import type { AllocPick, Fault, FaultPlan, Phase, PlannedFault } from './fault.ts';
import type { SeededRandom } from './seeded-random.ts';

const ms = 1_000_000;
/** Frames between the injection and a driver that calls an allocator, and the most that can be looked at. */
const ownFrames = 8;
const allFrames = 32;

/** What a plan is drawn for. */
export interface PlanShape {
  readonly rounds: number;
  readonly types: readonly FaultType[];
  /** Ids of the NICs in QEMU. */
  readonly nics: readonly [string, ...string[]];
  readonly vectors: number;
  /** Length of the traffic in each round, in milliseconds. */
  readonly trafficMs: readonly number[];
}

/** Draws the faults of one run, in order of time. */
export function generatePlan(random: SeededRandom, shape: PlanShape): FaultPlan {
  const plan: PlannedFault[] = [];
  for (let round = 0; round < shape.rounds; round += 1) {
    // Everything is drawn whether it is wanted or not, so that leaving out one type of fault
    // does not change the others.
    for (const planned of drawRound(random, shape, round)) {
      if (shape.types.includes(planned.fault.type)) {
        plan.push(planned);
      }
    }
  }
  return plan;
}

function drawRound(random: SeededRandom, shape: PlanShape, round: number): PlannedFault[] {
  const drawn: PlannedFault[] = [];
  const add = (phase: Phase, ns: number, fault: Fault) => {
    drawn.push({ at: { round, phase, ns }, fault });
  };
  const bindSweep = sweep(random, round);
  const openSweep = sweep(random, round);
  if (random.chance(0.6) || round === 0) {
    add('bind', 0, { type: 'alloc-failure', pick: bindSweep });
  }
  if (random.chance(0.4) || round === 0) {
    add('open', 0, { type: 'alloc-failure', pick: openSweep });
  }
  const traffic = drawTraffic(random, shape, shape.trafficMs[round] ?? 0);
  for (const { ns, fault } of traffic) {
    add('traffic', ns, fault);
  }
  // A storm and a flap that are still under way when the module goes: interrupts, and the work
  // they have queued, meet the driver's removal.
  for (const nic of shape.nics) {
    add('unload', 0, drawStorm(random, nic, shape.vectors, [100, 300]));
    if (random.chance(0.8)) {
      add('unload', 0, {
        type: 'link-flap',
        nic,
        downNs: random.int(1, 8) * ms,
        count: random.int(4, 30),
      });
    }
  }
  return drawn;
}

/**
 * The first round tries every allocation that the driver itself makes in a step; the later ones some
 * of all those that the kernel makes on its behalf.
 */
function sweep(random: SeededRandom, round: number): AllocPick {
  const first = random.int(1, 60);
  const tries = random.int(1, 8);
  return round === 0
    ? { kind: 'nth', first: 1, tries: 40, depth: ownFrames }
    : { kind: 'nth', first, tries, depth: allFrames };
}

function drawTraffic(
  random: SeededRandom,
  shape: PlanShape,
  trafficMs: number,
): { ns: number; fault: Fault }[] {
  const within = () => random.int(0, Math.max(1, trafficMs)) * ms;
  const drawn: { ns: number; fault: Fault }[] = [];
  const storms = random.int(1, 4);
  for (let n = 0; n < storms; n += 1) {
    drawn.push({
      ns: within(),
      fault: drawStorm(random, random.pick(shape.nics), shape.vectors, [5, 100]),
    });
  }
  const flaps = random.int(0, 2);
  for (let n = 0; n < flaps; n += 1) {
    const fault: Fault = {
      type: 'link-flap',
      nic: random.pick(shape.nics),
      downNs: random.int(1, 40) * ms,
      count: random.int(1, 4),
    };
    drawn.push({ ns: within(), fault });
  }
  const pick: AllocPick = { kind: 'chance', percent: random.int(2, 20), times: random.int(5, 60) };
  if (random.chance(0.5)) {
    drawn.push({ ns: 0, fault: { type: 'alloc-failure', pick } });
  }
  return drawn.sort((a, b) => a.ns - b.ns);
}

/**
 * A storm of some hundred to some thousand messages: enough to overlap with everything, too few for
 * the kernel to declare the interrupt unhandled and switch it off (100,000).
 */
function drawStorm(
  random: SeededRandom,
  nic: string,
  vectors: number,
  lengthMs: readonly [number, number],
): Fault {
  // Every second storm hits the management vector: the rarest interrupt, hence the least tried code.
  const vector = random.chance(0.5) ? 0 : random.int(0, vectors - 1);
  return {
    type: 'irq-storm',
    nic,
    vector,
    rateHz: random.int(1, 20) * 1_000,
    ns: random.int(lengthMs[0], lengthMs[1]) * ms,
  };
}
