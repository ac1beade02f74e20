// SPDX-License-Identifier: Apache-2.0
import type { FaultType } from '../config/fault-types.ts';
import { reloadRound } from '../config/step-names.ts';
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
  /** The steps of each round: `reloadRound` unless told. */
  readonly steps?: readonly Phase[];
}

/** Draws the faults of one run, in order of time. */
export function generatePlan(random: SeededRandom, shape: PlanShape): FaultPlan {
  const plan: PlannedFault[] = [];
  const steps = shape.steps ?? reloadRound;
  for (let round = 0; round < shape.rounds; round += 1) {
    // Everything is drawn whether it is wanted or not, so that leaving out one type of fault
    // does not change the others.
    for (const planned of drawRound(random, shape, round)) {
      if (shape.types.includes(planned.fault.type) && steps.includes(planned.at.phase)) {
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
  for (const { ns, fault } of drawTraffic(random, shape, round)) {
    add('traffic', ns, fault);
  }
  // A storm and a flap that are still under way when the module goes: interrupts, and the work
  // they have queued, meet the driver's removal.
  for (const nic of shape.nics) {
    add('unload', 0, drawStorm(random, nic, drawVector(random, shape), [100, 300]));
    const downNs = random.int(1, 8) * ms;
    const count = random.int(4, 30);
    if (random.chance(0.8)) {
      add('unload', 0, { type: 'link-flap', nic, downNs, count });
    }
  }
  const bindSweep = sweep(random, round);
  if (random.chance(0.6) || round === 0) {
    add('bind', 0, { type: 'alloc-failure', pick: bindSweep });
  }
  const openSweep = sweep(random, round);
  if (random.chance(0.4) || round === 0) {
    add('open', 0, { type: 'alloc-failure', pick: openSweep });
  }
  for (const step of shape.steps ?? []) {
    if (!reloadRound.includes(step)) {
      for (const { ns, fault } of drawDisturbance(random, shape)) {
        add(step, ns, fault);
      }
    }
  }
  return drawn;
}

/** Storms and now and then a flap, early in a step: some steps are over within half a second. */
function drawDisturbance(random: SeededRandom, shape: PlanShape): { ns: number; fault: Fault }[] {
  const drawn: { ns: number; fault: Fault }[] = [];
  const storms = random.int(1, 2);
  for (let n = 0; n < storms; n += 1) {
    const vector = drawVector(random, shape);
    const fault = drawStorm(random, random.pick(shape.nics), vector, [5, 100]);
    drawn.push({ ns: random.int(0, 400) * ms, fault });
  }
  const nic = random.pick(shape.nics);
  const flap: Fault = {
    type: 'link-flap',
    nic,
    downNs: random.int(1, 8) * ms,
    count: random.int(1, 4),
  };
  if (random.chance(0.3)) {
    drawn.push({ ns: random.int(0, 400) * ms, fault: flap });
  }
  return drawn.sort((a, b) => a.ns - b.ns);
}

/**
 * The first round fails the first allocations that the driver itself makes in a step, the later ones
 * some of those further on, or of all those that the kernel makes on the driver's behalf.
 */
function sweep(random: SeededRandom, round: number): AllocPick {
  const own = random.chance(0.5);
  const first = random.int(1, own ? 60 : 150);
  const tries = random.int(2, 8);
  return round === 0
    ? { kind: 'nth', first: 1, tries: 16, depth: ownFrames }
    : { kind: 'nth', first, tries, depth: own ? ownFrames : allFrames };
}

function drawTraffic(
  random: SeededRandom,
  shape: PlanShape,
  round: number,
): { ns: number; fault: Fault }[] {
  const trafficMs = shape.trafficMs[round] ?? 0;
  const within = () => random.int(0, Math.max(1, trafficMs)) * ms;
  const drawn: { ns: number; fault: Fault }[] = [];
  const storms = random.int(1, 4);
  for (let n = 0; n < storms; n += 1) {
    const drawnVector = drawVector(random, shape);
    // Each run tries the management interrupt before anything else can hide what it does.
    const vector = round === 0 && n === 0 ? 0 : drawnVector;
    const fault = drawStorm(random, random.pick(shape.nics), vector, [5, 100]);
    drawn.push({ ns: within(), fault });
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

/** Every second storm hits the management vector: the rarest interrupt, hence the least tried code. */
function drawVector(random: SeededRandom, { vectors }: PlanShape): number {
  return random.chance(0.5) ? 0 : random.int(0, vectors - 1);
}

/**
 * A storm of some hundred to some thousand messages: enough to overlap with everything, too few for
 * the kernel to declare the interrupt unhandled and switch it off (100,000).
 */
function drawStorm(
  random: SeededRandom,
  nic: string,
  vector: number,
  lengthMs: readonly [number, number],
): Fault {
  const rateHz = random.int(1, 20) * 1_000;
  return { type: 'irq-storm', nic, vector, rateHz, ns: random.int(...lengthMs) * ms };
}
