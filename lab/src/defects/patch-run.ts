// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { BuildReport } from './build-report.ts';
import { detectorLabel, detectorOf } from './detector.ts';
import type { DriverTrials } from './driver-trials.ts';
import type { Profiles } from './hunt.ts';
import { type HuntGround, huntOrRecall } from './hunter.ts';
import type { UnknownDefect } from './patch-folder.ts';
import type { StoredHunt } from './stored-hunt.ts';

/** What came of a patch of which nothing was known. */
export interface PatchFinding {
  readonly name: string;
  readonly driver: OwnDriver;
  readonly build: BuildReport;
  readonly hunt: StoredHunt | null;
}

/** Builds and runs patches under all these workloads in turn, until each has crashed or had its time. */
export async function runPatches(
  patches: readonly UnknownDefect[],
  profiles: Profiles,
  budgetMs: number,
  trials: DriverTrials,
  ground: HuntGround,
): Promise<readonly PatchFinding[]> {
  const findings: PatchFinding[] = [];
  for (const { name, driver, patch: file } of patches) {
    if (ground.signal.aborted) break;
    const patch = { name: `from-${name}`, file, lenient: true };
    const { artifact, report: build } = await trials.patched(driver, patch);
    const quarry = { driver, defect: name, artifact, profiles, budgetMs, run: true };
    const hunt = build.compiles ? await huntOrRecall(quarry, ground) : null;
    findings.push({ name, driver, build, hunt });
  }
  return findings;
}

/** The document of `--from DIR --json`. */
export function findingsDocument(findings: readonly PatchFinding[], interrupted: boolean) {
  return {
    patches: findings.map(({ name, driver, build, hunt }) => {
      const result = hunt?.result;
      const crash = result?.crash ?? null;
      return {
        name,
        driver,
        compiles: build.compiles,
        problem: build.problem,
        errors: build.rustcErrors.map(({ code, file, line }) => ({ code, file, line })),
        outcome: result?.outcome ?? null,
        title: crash?.title ?? null,
        type: crash?.type ?? null,
        detector: crash === null ? null : detectorLabel(detectorOf(crash)),
        workload: crash?.workload ?? null,
        run: crash?.runId ?? null,
        note: result?.note ?? null,
        seeds: result?.seeds ?? null,
        virtualSeconds: result === undefined ? null : result.virtualMs / 1_000,
        wallSeconds: result === undefined ? null : result.wallMs / 1_000,
      };
    }),
    interrupted,
  };
}

/** 1 when something crashed, 3 when something could neither be run nor was rejected by its compiler. */
export function findingsExitStatus(
  findings: readonly PatchFinding[],
  interrupted: boolean,
): ExitStatus {
  if (interrupted) return exitStatus.interrupted;
  if (findings.some(({ hunt }) => hunt?.result.outcome === 'crashed')) {
    return exitStatus.driverFailed;
  }
  const unanswered = findings.some(
    ({ build, hunt }) => build.problem !== null || hunt?.result.outcome === 'no-answer',
  );
  return unanswered ? exitStatus.labFailed : exitStatus.ok;
}
