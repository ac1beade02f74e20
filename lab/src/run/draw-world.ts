// SPDX-License-Identifier: Apache-2.0
import type { TargetConfig, WorkloadConfig } from '../config/define-lab.ts';
import { type FaultType, usualFaultTypes } from '../config/fault-types.ts';
import { reloadRound } from '../config/step-names.ts';
import { drawDeviceFaults, mergePlans } from '../faults/draw-device-faults.ts';
import { generatePlan } from '../faults/generate-plan.ts';
import { deriveSeed, SeededRandom } from '../faults/seeded-random.ts';
import { drawStandingFaults } from './standing-faults.ts';
import { drawStep, type PlannedStep } from './workloads/planned-step.ts';
import type { RoundParams, World } from './world.ts';

/** What a campaign fixes; the rest of a world is drawn from the seed. */
export interface WorldBase {
  readonly artifacts: World['artifacts'];
  readonly machine: World['machine'];
  readonly target: string;
  readonly driver: World['driver'];
  readonly device: TargetConfig['device'];
  /** Those that can be made; of them the workload says which it has. */
  readonly faults: TargetConfig['faults'];
  /** Those that it has instead, whatever it says: `chooseProfile`. */
  readonly profileFaults?: readonly FaultType[] | undefined;
  readonly workloadName: string;
  readonly workload: WorkloadConfig;
  readonly nics: readonly [string, ...string[]];
}

/** Draws the world of one run: the same base and seed give the same world. */
export function drawWorld(base: WorldBase, seed: number): World {
  const random = new SeededRandom(seed);
  const rounds = drawRounds(random, base.workload);
  const { workload } = base;
  const asked = base.profileFaults ?? workload.faults ?? usualFaultTypes;
  const wanted = base.faults.filter((type) => asked.includes(type));
  const shape = {
    rounds: rounds.length,
    types: wanted,
    nics: base.nics,
    vectors: base.device.vectors,
    trafficMs: rounds.map(({ steps }) => trafficMs(steps)),
    steps: workload.steps ?? reloadRound,
  };
  const plan = generatePlan(random, shape);
  // From numbers of their own, so that with and without them the rest is the same.
  const deviceRandom = new SeededRandom(deriveSeed(seed, 0));
  const broken = wanted.includes('device-fault') ? drawDeviceFaults(deviceRandom, shape) : [];
  // Drawn last, so that they leave everything else as it is.
  const without = base.profileFaults?.includes('device-fault') === false;
  const standing = without ? [] : (workload.deviceFaults ?? []);
  const deviceFaults = drawStandingFaults(random, standing, base.nics);
  return {
    version: 1,
    artifacts: base.artifacts,
    machine: base.machine,
    target: base.target,
    driver: base.driver,
    workload: {
      name: base.workloadName,
      params: {
        churnMs: workload.churnMs,
        payloadBytes: workload.payloadBytes,
        rounds,
        atEnd: workload.atEnd ?? [],
        ...(deviceFaults.length > 0 ? { deviceFaults } : {}),
      },
    },
    plan: mergePlans(plan, broken),
    seed,
  };
}

function drawRounds(random: SeededRandom, workload: WorkloadConfig): RoundParams[] {
  const steps = workload.steps ?? reloadRound;
  return Array.from({ length: workload.rounds }, () => ({
    steps: steps.map((step) => drawStep(step, random, workload)),
  }));
}

function trafficMs(steps: readonly PlannedStep[]): number {
  return steps.reduce((ms, step) => (step.step === 'traffic' ? step.trafficMs : ms), 0);
}
