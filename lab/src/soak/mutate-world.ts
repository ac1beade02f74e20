// SPDX-License-Identifier: Apache-2.0
import type { FaultPlan } from '../faults/fault.ts';
import { maxSeed, type SeededRandom } from '../faults/seeded-random.ts';
import type { Schedule, SimWorld } from '../run/world.ts';

type Mutation = (world: SimWorld, fresh: SimWorld, random: SeededRandom) => SimWorld;

/** Sizes of the turns that races have been found with, in instructions. */
const sliceMaxima = [200, 2_000, 20_000, 100_000] as const;
const deepest = 6;
/** A fault comes earlier or later by a quarter of a second at most. */
const jitterMs = 250;

/**
 * A world that differs from one in one respect: its schedule, some of its faults, or some of its steps, which come from
 * another one of the same scenario. The same state of `random` gives the same world.
 */
export function mutateWorld(world: SimWorld, fresh: SimWorld, random: SeededRandom): SimWorld {
  const change = random.pick(mutations);
  return change(world, fresh, random);
}

const otherSeed: Mutation = (world, _, random) => ({ ...world, seed: random.int(0, maxSeed) });

const otherTurns: Mutation = (world, fresh, random) => ({
  ...otherSeed(world, fresh, random),
  schedule: turnsOf(world.schedule, random),
});

const otherFaults: Mutation = (world, { plan }) => ({ ...world, plan: within(plan, world) });

const fewerFaults: Mutation = (world, _, random) => ({
  ...world,
  plan: world.plan.filter(() => random.chance(0.5)),
});

const movedFaults: Mutation = (world, _, random) => ({
  ...world,
  plan: world.plan.map(({ at, fault }) => {
    const ns = Math.max(0, at.ns + random.int(-jitterMs, jitterMs) * 1e6);
    return { at: { ...at, ns }, fault };
  }),
});

/** Goes on with the rounds of the other world from a round on. */
const otherRounds: Mutation = (world, fresh, random) => {
  const { name, params } = world.workload;
  const other = fresh.workload.params.rounds;
  const from = random.int(0, Math.max(0, params.rounds.length - 1));
  const rounds = [...params.rounds.slice(0, from), ...other.slice(from)];
  const plan = [
    ...world.plan.filter(({ at }) => at.round < from),
    ...fresh.plan.filter(({ at }) => at.round >= from),
  ];
  return { ...world, workload: { name, params: { ...params, rounds } }, plan };
};

/** What is cheap to find races with comes most often. */
const mutations = [
  otherSeed,
  otherSeed,
  otherTurns,
  otherFaults,
  fewerFaults,
  movedFaults,
  otherRounds,
] as const;

function within(plan: FaultPlan, { workload }: SimWorld): FaultPlan {
  const { rounds } = workload.params;
  return plan.filter(({ at }) => rounds[at.round]?.steps.some(({ step }) => step === at.phase));
}

function turnsOf(schedule: Schedule, random: SeededRandom): Schedule {
  switch (schedule.policy) {
    case 'random':
      return { ...schedule, sliceMax: random.pick(sliceMaxima) };
    case 'pct':
      return { ...schedule, depth: random.int(2, deepest) };
    default:
      return schedule;
  }
}
