// SPDX-License-Identifier: Apache-2.0
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { checkExposure, checkProbability } from './arguments.ts';

/** One step of a Kaplan-Meier curve: from `time` on `survival` holds. */
export interface SurvivalStep {
  readonly time: number;
  readonly survival: number;
  /** Pointwise, log-log with Greenwood's variance. */
  readonly lower: number;
  readonly upper: number;
  readonly atRisk: number;
  readonly failures: number;
  /** Censored from the step before it until this one. */
  readonly censored: number;
}

/** A Kaplan-Meier curve; begins at 1, with no step before the first failure. */
export interface SurvivalCurve {
  readonly steps: readonly SurvivalStep[];
  /** Last time anything was observed. */
  readonly until: number;
  readonly subjects: number;
}

/** A run: until when it was watched, and whether it failed then or was well. */
export interface SurvivalSubject {
  readonly time: number;
  readonly failed: boolean;
}

/** Subjects whose observation ended at one time. */
interface Exit {
  readonly time: number;
  readonly failures: number;
  readonly censored: number;
}

/** What the next step continues. */
interface Position {
  readonly step: { readonly survival: number; readonly upper: number };
  /** Greenwood's sum of d / (n (n - d)). */
  readonly variance: number;
  readonly atRisk: number;
  readonly censored: number;
}

/**
 * Share of subjects that have not failed, over time: Kaplan and Meier, JASA 53 (1958) 457, with pointwise limits on the log(-log) scale
 * from Greenwood's variance, as R's `survfit(conf.type = "log-log")`. `confidence` is between 0 and 1; times have one unit.
 *
 * A subject censored when others fail was at risk: failures come before censorings of the same time. Where all that were at risk fail the curve is 0 and
 * Greenwood's variance does not exist: the limits are then 0 and the upper one of the step before (1 if there is none), which holds because the curve only falls.
 * No subjects, no steps. RangeError for a time that is negative or not finite.
 */
export function survivalCurve(
  subjects: readonly SurvivalSubject[],
  confidence = 0.95,
): SurvivalCurve {
  checkProbability('confidence', confidence);
  for (const { time } of subjects) checkExposure('time of a subject', time);
  const z = normalQuantile((1 + confidence) / 2, 0, 1);
  const exits = exitsOf(subjects);
  const steps: SurvivalStep[] = [];
  let position: Position = {
    step: { survival: 1, upper: 1 },
    variance: 0,
    atRisk: subjects.length,
    censored: 0,
  };
  for (const exit of exits) {
    if (exit.failures === 0) {
      position = pass(position, exit);
      continue;
    }
    const { step, variance } = stepDown(position, exit, z);
    steps.push(step);
    position = pass({ ...position, step, variance, censored: 0 }, exit);
  }
  return { steps, until: exits.at(-1)?.time ?? 0, subjects: subjects.length };
}

/** Whose observation ended when, the earliest first. */
function exitsOf(subjects: readonly SurvivalSubject[]): readonly Exit[] {
  const exits = new Map<number, Exit>();
  for (const { time, failed } of subjects) {
    const { failures, censored } = exits.get(time) ?? { failures: 0, censored: 0 };
    exits.set(time, { time, failures: failures + +failed, censored: censored + +!failed });
  }
  return [...exits.values()].sort((a, b) => a.time - b.time);
}

/** Takes those out who left. */
function pass(position: Position, { failures, censored }: Exit): Position {
  return {
    ...position,
    atRisk: position.atRisk - failures - censored,
    censored: position.censored + censored,
  };
}

function stepDown(before: Position, { time, failures }: Exit, z: number) {
  const { atRisk, censored } = before;
  const survival = before.step.survival * (1 - failures / atRisk);
  const variance = before.variance + failures / (atRisk * (atRisk - failures));
  const limits =
    failures === atRisk
      ? { lower: 0, upper: before.step.upper }
      : logLogLimits(survival, variance, z);
  const step: SurvivalStep = { time, survival, ...limits, atRisk, failures, censored };
  return { step, variance };
}

/** `S^exp(±z sqrt(variance) / ln S)`: Kalbfleisch and Prentice 1980, section 1.3. */
function logLogLimits(survival: number, variance: number, z: number) {
  const width = (z * Math.sqrt(variance)) / -Math.log(survival);
  return { lower: survival ** Math.exp(width), upper: survival ** Math.exp(-width) };
}
