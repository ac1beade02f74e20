// SPDX-License-Identifier: Apache-2.0
import type { PlannedFault } from '../faults/fault.ts';
import type { Schedule, SimWorld, WorkloadParams } from '../run/world.ts';

/** A step of the workload, by its place. */
export interface StepPlace {
  readonly round: number;
  readonly step: number;
}

/** The world with these faults planned. */
export function withPlan(world: SimWorld, plan: readonly PlannedFault[]): SimWorld {
  return { ...world, plan };
}

/** The world with this schedule. */
export function withSchedule(world: SimWorld, schedule: Schedule): SimWorld {
  return { ...world, schedule };
}

/** The world with other parameters of its workload. */
export function withParams(world: SimWorld, change: Partial<WorkloadParams>): SimWorld {
  const { name, params } = world.workload;
  return { ...world, workload: { name, params: { ...params, ...change } } };
}

/** Places of all steps of the workload. */
export function stepsOf({ workload }: SimWorld): readonly StepPlace[] {
  return workload.params.rounds.flatMap(({ steps }, round) =>
    steps.map((_, step) => ({ round, step })),
  );
}

/**
 * The world with these steps only, in their order. A round without steps is gone, and so are the faults planned for
 * steps that are: what is left of them is counted anew.
 */
export function withSteps(world: SimWorld, kept: readonly StepPlace[]): SimWorld {
  const { rounds } = world.workload.params;
  const numbers = new Map<number, number>();
  const left: { steps: (typeof rounds)[number]['steps'] }[] = [];
  for (const [round, { steps }] of rounds.entries()) {
    const some = steps.filter((_, step) =>
      kept.some((at) => at.round === round && at.step === step),
    );
    if (some.length === 0) continue;
    numbers.set(round, left.length);
    left.push({ steps: some });
  }
  const plan = world.plan.flatMap(({ at, fault }) => {
    const round = numbers.get(at.round);
    const there = round !== undefined && left[round]?.steps.some(({ step }) => step === at.phase);
    return round !== undefined && there ? [{ at: { ...at, round }, fault }] : [];
  });
  return withPlan(withParams(world, { rounds: left }), plan);
}

/** The world with each step of traffic half as long, a second at least; `undefined` when none can be shorter. */
export function withLessTraffic(world: SimWorld): SimWorld | undefined {
  let shorter = false;
  const rounds = world.workload.params.rounds.map(({ steps }) => ({
    steps: steps.map((step) => {
      // `GuestDriver.traffic` counts in seconds.
      if (step.step !== 'traffic' || step.trafficMs <= 1_000) return step;
      shorter = true;
      return { ...step, trafficMs: Math.max(1_000, Math.floor(step.trafficMs / 2)) };
    }),
  }));
  return shorter ? withParams(world, { rounds }) : undefined;
}
