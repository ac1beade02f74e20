// SPDX-License-Identifier: Apache-2.0
import type { TargetConfig, WorkloadConfig } from '../config/define-lab.ts';
import { generatePlan } from '../faults/generate-plan.ts';
import { SeededRandom } from '../faults/seeded-random.ts';
import type { RoundParams, World } from './world.ts';

/** What a campaign fixes; the rest of a world is drawn from the seed. */
export interface WorldBase {
  readonly artifacts: World['artifacts'];
  readonly machine: World['machine'];
  readonly target: string;
  readonly driver: World['driver'];
  readonly device: TargetConfig['device'];
  readonly faults: TargetConfig['faults'];
  readonly workloadName: string;
  readonly workload: WorkloadConfig;
  readonly nics: readonly [string, ...string[]];
}

/** Draws the world of one run: the same base and seed give the same world. */
export function drawWorld(base: WorldBase, seed: number): World {
  const random = new SeededRandom(seed);
  const rounds = drawRounds(random, base.workload);
  const plan = generatePlan(random, {
    rounds: rounds.length,
    types: base.faults,
    nics: base.nics,
    vectors: base.device.vectors,
    trafficMs: rounds.map((round) => round.trafficMs),
  });
  return {
    version: 1,
    artifacts: base.artifacts,
    machine: base.machine,
    target: base.target,
    driver: base.driver,
    workload: {
      name: base.workloadName,
      params: {
        churnMs: base.workload.churnMs,
        payloadBytes: base.workload.payloadBytes,
        rounds,
      },
    },
    plan,
    seed,
  };
}

function drawRounds(random: SeededRandom, workload: WorkloadConfig): RoundParams[] {
  const [shortest, longest] = workload.trafficMs;
  return Array.from({ length: workload.rounds }, () => ({
    trafficMs: random.int(shortest, longest),
    unload: random.pick(['rmmod', 'rmmod', 'rmmod', 'unbind', 'unbind', 'down']),
  }));
}
