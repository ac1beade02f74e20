// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import type { DriverConfig, LabConfig, TargetConfig, WorkloadConfig } from './define-lab.ts';
import type { FaultType } from './fault-types.ts';
import { type WorkloadGround, workloadProblems } from './workload-problems.ts';

/** The entry called `name`; a usage error that lists those that exist when there is none. */
export function pick<T>(what: string, entries: Readonly<Record<string, T>>, name: string): T {
  const found = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (found === undefined) {
    throw unknownName(what, name, Object.keys(entries));
  }
  return found;
}

/** The target called `name`. */
export function chooseTarget(lab: LabConfig, name: string): TargetConfig {
  return pick('target', lab.targets, name);
}

/** The driver called `name` in a target. */
export function chooseDriver(target: TargetConfig, name: string): DriverConfig {
  return pick('driver', target.drivers, name);
}

/** The workload called `name` in a target; a usage error when it cannot be run on this ground. */
export function chooseWorkload(
  target: TargetConfig,
  name: string,
  ground: Omit<WorkloadGround, 'device'> = {},
): WorkloadConfig {
  const workload = pick('workload', target.workloads, name);
  const [problem] = workloadProblems(workload, { device: target.device, ...ground });
  if (problem !== undefined) {
    throw new UsageError('BAD_WORKLOAD', `workload '${name}' ${problem}`, {
      remedy: 'Correct it in lab.config.ts, or choose another one.',
    });
  }
  return workload;
}

/** The profile under which each workload has the faults of its own. */
export const usualProfile = 'usual';

/** The faults of a profile of a target; `undefined` for `usual`, with which the workload says. */
export function chooseProfile(
  { profiles = {} }: Pick<TargetConfig, 'profiles'>,
  name: string,
): readonly FaultType[] | undefined {
  if (name === usualProfile) {
    return undefined;
  }
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found === undefined) {
    throw unknownName('profile', name, [usualProfile, ...Object.keys(profiles)]);
  }
  return found;
}

/** Checks that `name` is in the driver's catalogue of defects. */
export function chooseDefect(root: string, driver: DriverConfig, name: string): string {
  const known = listDefects(root, driver);
  if (!known.includes(name)) {
    throw unknownName('defect', name, known);
  }
  return name;
}

/** Names of the defects that can be built into a driver, sorted. */
export function listDefects(root: string, driver: DriverConfig): readonly string[] {
  if (driver.defects === null) {
    return [];
  }
  const folder = join(root, driver.defects);
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasPatch(join(folder, entry.name), driver))
    .map((entry) => entry.name)
    .sort();
}

function hasPatch(folder: string, driver: DriverConfig): boolean {
  return existsSync(join(folder, `${driver.language}.patch`));
}

function unknownName(what: string, name: string, known: readonly string[]): UsageError {
  const list =
    known.length === 0 ? 'there are none for this driver' : `choose from: ${known.join(', ')}`;
  return new UsageError(`UNKNOWN_${what.toUpperCase()}`, `unknown ${what} '${name}'`, {
    remedy: `${list[0]?.toUpperCase()}${list.slice(1)}`,
  });
}
