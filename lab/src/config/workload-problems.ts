// SPDX-License-Identifier: Apache-2.0
import type { WorkloadConfig } from './define-lab.ts';
import { reloadRound } from './step-names.ts';

/** Whether a simulated guest can do all of its steps. */
export function worksSimulated(_workload: Pick<WorkloadConfig, 'steps'>): boolean {
  return true;
}

/** What is wrong with the steps of a workload, in words. */
export function workloadProblems({ steps = reloadRound }: Pick<WorkloadConfig, 'steps'>): string[] {
  const problems = steps
    .filter((step, index) => steps.indexOf(step) !== index)
    .map((step) => `has ${step} twice: faults could not tell the two apart`);
  if (steps.length === 0) {
    problems.push('is empty');
  }
  // The driver is away after the first of these, and back after the last.
  const away = ['unload', 'bind', 'open'];
  const found = steps.filter((step) => away.includes(step));
  const from = steps.indexOf('unload');
  const inOrder = steps.slice(from, from + 3).join() === away.join();
  if (found.length > 0 && (found.length !== 3 || !inOrder)) {
    problems.push('has unload, bind and open not all three, or not in this order');
  }
  return problems;
}
