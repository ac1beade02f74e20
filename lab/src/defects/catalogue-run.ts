// SPDX-License-Identifier: Apache-2.0
import type { OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import type { TargetConfig } from '../config/define-lab.ts';
import { UsageError } from '../errors.ts';
import { canonicalJson } from '../run/canonical-json.ts';
import { assessC, assessRust } from './assess.ts';
import type { Defect } from './catalogue.ts';
import { type Profile, workloadOfDefect } from './defect-workload.ts';
import type { DriverTrials } from './driver-trials.ts';
import { type HuntGround, huntOrRecall } from './hunter.ts';
import { unprovoked } from './manifest.ts';
import type { CleanScore, CScore, RustScore, Scoreboard, ScoreRow } from './scoreboard.ts';

/** What to find out about the catalogue. */
export interface CatalogueRequest {
  readonly defects: readonly Defect[];
  /** Names of those that may be run; of the others, results are looked up. */
  readonly running: ReadonlySet<string>;
  readonly drivers: readonly OwnDriver[];
  readonly budgetMs: number;
  /** 0: the clean drivers are not run. */
  readonly cleanBudgetMs: number;
}

/** Checks, before anything is built, that every defect has a workload, and one that provokes it. */
export function checkProfiles(defects: readonly Defect[], target: TargetConfig): void {
  for (const { manifest } of defects) {
    const { name, workload } = workloadOfDefect(manifest, target);
    const missing = unprovoked(manifest.provokedBy, workload, target.faults);
    if (missing.length > 0) {
      throw new UsageError(
        'BAD_CATALOGUE',
        `${manifest.name} is provoked by ${missing.join(', ')}, and its workload ${name} does nothing of the kind`,
        { remedy: 'Give its manifest a profile that does, or correct provokedBy.' },
      );
    }
  }
}

/** Builds and runs the catalogue, then the clean drivers under every workload that was used. */
export async function runCatalogue(
  request: CatalogueRequest,
  trials: DriverTrials,
  ground: HuntGround,
): Promise<Scoreboard> {
  const rows: ScoreRow[] = [];
  for (const defect of request.defects) {
    if (ground.signal.aborted) break;
    const profile = workloadOfDefect(defect.manifest, ground.target);
    const run = request.running.has(defect.manifest.name);
    rows.push({
      manifest: defect.manifest,
      profile: profile.name,
      c: request.drivers.includes('c')
        ? await scoreC(defect, profile, run, request, trials, ground)
        : null,
      rust: request.drivers.includes('rust')
        ? await scoreRust(defect, profile, run, request, trials, ground)
        : null,
    });
  }
  const clean = await scoreClean(request, trials, ground);
  const { seed } = ground;
  return { rows, clean, seed, budgetMs: request.budgetMs, interrupted: ground.signal.aborted };
}

async function scoreC(
  { manifest, cPatch }: Defect,
  profile: Profile,
  run: boolean,
  { budgetMs }: CatalogueRequest,
  trials: DriverTrials,
  ground: HuntGround,
): Promise<CScore> {
  const patch = { name: manifest.name, file: cPatch, lenient: false };
  const { artifact, report: build } = await trials.patched('c', patch);
  const profiles = { [profile.name]: profile.workload };
  const quarry = { driver: 'c', defect: manifest.name, artifact, profiles, budgetMs, run } as const;
  const hunt = build.compiles ? await huntOrRecall(quarry, ground) : null;
  return { ...assessC(manifest, build, hunt?.result ?? null), build, hunt };
}

async function scoreRust(
  { manifest, rustPatch }: Defect,
  profile: Profile,
  run: boolean,
  { budgetMs }: CatalogueRequest,
  trials: DriverTrials,
  ground: HuntGround,
): Promise<RustScore> {
  if (rustPatch === null) {
    return { ...assessRust(manifest.rust, null, null), build: null, hunt: null };
  }
  const patch = { name: manifest.name, file: rustPatch, lenient: false };
  const { artifact, report: build } = await trials.patched('rust', patch);
  const profiles = { [profile.name]: profile.workload };
  const quarry = {
    driver: 'rust',
    defect: manifest.name,
    artifact,
    profiles,
    budgetMs,
    run,
  } as const;
  const hunt = build.compiles ? await huntOrRecall(quarry, ground) : null;
  return { ...assessRust(manifest.rust, build, hunt?.result ?? null), build, hunt };
}

async function scoreClean(
  request: CatalogueRequest,
  trials: DriverTrials,
  ground: HuntGround,
): Promise<CleanScore[]> {
  if (request.cleanBudgetMs === 0) return [];
  const scores: CleanScore[] = [];
  for (const driver of request.drivers) {
    for (const { profile, run } of profilesInUse(request, ground.target)) {
      if (ground.signal.aborted) return scores;
      const { artifact, report } = await trials.clean(driver);
      const profiles = { [profile.name]: profile.workload };
      const budgetMs = request.cleanBudgetMs;
      const quarry = { driver, defect: null, artifact, profiles, budgetMs, run };
      // A clean driver that does not compile has no module to run; the rows say so of every defect.
      const hunt = report.compiles ? await huntOrRecall(quarry, ground) : null;
      scores.push({ driver, profile: profile.name, hunt });
    }
  }
  return scores;
}

/** Each workload once, by what it does: two defects may describe the same one. */
function profilesInUse({ defects, running }: CatalogueRequest, target: TargetConfig) {
  const found = new Map<string, { profile: Profile; run: boolean }>();
  for (const { manifest } of defects) {
    const profile = workloadOfDefect(manifest, target);
    const key = canonicalJson(profile.workload);
    const known = found.get(key);
    const run = running.has(manifest.name) || (known?.run ?? false);
    found.set(key, { profile: known?.profile ?? profile, run });
  }
  return [...found.values()];
}
