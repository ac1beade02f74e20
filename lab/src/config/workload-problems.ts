// SPDX-License-Identifier: Apache-2.0
import type { DeviceConfig, DriverConfig, WorkloadConfig } from './define-lab.ts';
import {
  allocationSteps,
  charSteps,
  ferronicSteps,
  liveSteps,
  procSteps,
  reloadRound,
  type StepName,
} from './step-names.ts';

/** What a workload is to be run on, as far as it is known. */
export interface WorkloadGround {
  readonly device?: DeviceConfig;
  readonly driver?: DriverConfig;
  readonly mode?: 'live' | 'sim';
}

/** What is wrong with the steps of a workload, in words: for any ground, and for this one. */
export function workloadProblems(
  workload: Partial<WorkloadConfig>,
  ground: WorkloadGround = {},
): string[] {
  const { steps = reloadRound } = workload;
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
  return [...problems, ...groundProblems(workload, steps, ground)];
}

function groundProblems(
  workload: Partial<WorkloadConfig>,
  steps: readonly StepName[],
  { device, driver, mode }: WorkloadGround,
): string[] {
  const needs: (readonly [met: boolean, those: readonly StepName[], what: string])[] = [
    [mode !== 'sim', liveSteps, 'a second machine, and a simulated world is one machine'],
    [
      device === undefined || isFerronic(device),
      ferronicSteps,
      `a device that can be told to do it, as ferronic can and ${device?.model} cannot`,
    ],
  ];
  if (driver !== undefined) {
    const { module, files = {}, source } = driver;
    const entry = (name: string) => `${name} in the entry of driver ${module}`;
    needs.push(
      [files.proc !== undefined, procSteps, entry('files.proc')],
      [files.char !== undefined, charSteps, entry('files.char')],
      [source !== null, allocationSteps, `a module, and ${module} is built into the kernel`],
    );
  }
  const problems = needs
    .filter(([met]) => !met)
    .flatMap(([, those, what]) =>
      steps
        .filter((step) => those.includes(step))
        .map((step) => `has ${step}, which needs ${what}`),
    );
  return [
    ...problems,
    ...leavingProblems(workload, steps, driver),
    ...faultProblems(workload, device),
  ];
}

function leavingProblems(
  { leave = ['rmmod'] }: Partial<WorkloadConfig>,
  steps: readonly StepName[],
  driver: DriverConfig | undefined,
): string[] {
  const stays = driver !== undefined && driver.source === null && steps.includes('unload');
  return stays && leave.includes('rmmod')
    ? [`unloads ${driver.module}, which is built into the kernel: say leave: ['unbind', 'down']`]
    : [];
}

function faultProblems(
  { deviceFaults = [] }: Partial<WorkloadConfig>,
  device: DeviceConfig | undefined,
): string[] {
  return device === undefined || isFerronic(device) || deviceFaults.length === 0
    ? []
    : [`has faults that stand, which ${device.model} does not know`];
}

/** Whether a device can be told to misbehave: the model of this repository. */
export function isFerronic({ model }: Pick<DeviceConfig, 'model'>): boolean {
  return model === 'ferronic';
}
