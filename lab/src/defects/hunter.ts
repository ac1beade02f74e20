// SPDX-License-Identifier: Apache-2.0
import type { Artifact } from '../artifacts/recipe.ts';
import { type OwnDriver, ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import { chooseDriver } from '../config/choose.ts';
import type { TargetConfig } from '../config/define-lab.ts';
import type { TemplateObserver, TemplateStore } from '../run/template-store.ts';
import type { Keep } from '../soak/live-soak.ts';
import { type ProgressStream, SoakProgress } from '../soak/progress.ts';
import { type SoakParts, withModule } from '../soak/soak-parts.ts';
import type { Accelerator } from '../vm/machine-spec.ts';
import { type Hunt, hunt, type Profiles } from './hunt.ts';
import type { HuntStore, StoredHunt } from './stored-hunt.ts';

/** What all hunts of one call have in common. */
export interface HuntGround {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly seed: number;
  readonly workers: number;
  /** Hunts anew what has a result already. */
  readonly fresh: boolean;
  readonly keep: Omit<Keep, 'templates'>;
  /** What guests are forked from, told what is being made; `null`: each is booted. */
  readonly templates: ((tell: TemplateObserver) => TemplateStore) | null;
  readonly hunts: HuntStore;
  readonly stream: ProgressStream;
  readonly signal: AbortSignal;
  /** The machine, built when the first hunt asks for it: most mistakes in Rust never get that far. */
  readonly machine: () => Promise<{ readonly parts: SoakParts; readonly accel: Accelerator }>;
}

/** One driver to hunt with. */
export interface Quarry {
  readonly driver: OwnDriver;
  readonly defect: string | null;
  readonly artifact: Artifact;
  readonly profiles: Profiles;
  readonly budgetMs: number;
  /** Whether it may be run, or only what is known already be looked up. */
  readonly run: boolean;
}

/** Hunts, or finds the result of an earlier hunt of the same; `null` when there is none and it may not run. */
export async function huntOrRecall(quarry: Quarry, ground: HuntGround): Promise<StoredHunt | null> {
  const request = await huntOf(quarry, ground);
  const known = ground.fresh && quarry.run ? undefined : ground.hunts.find(request);
  if (known !== undefined) {
    return known;
  }
  if (!quarry.run || ground.signal.aborted) {
    return null;
  }
  using progress = new SoakProgress(ground.stream, { budgetMs: request.budgetMs });
  progress.line(
    `${request.driver.module} ${quarry.defect ?? 'clean'} under ${Object.keys(quarry.profiles).join(', ')}, seed ${request.seed}`,
  );
  const templates = ground.templates?.((what) => progress.line(what)) ?? null;
  const result = await hunt(request, { ...ground.keep, templates }, progress, ground.signal);
  return await ground.hunts.keep(request, result);
}

async function huntOf(quarry: Quarry, ground: HuntGround): Promise<Hunt> {
  const { driver: driverName, defect, artifact, profiles, budgetMs } = quarry;
  const { target, targetName, seed, workers } = ground;
  const { parts, accel } = await ground.machine();
  return {
    driverName,
    driver: chooseDriver(target, driverName),
    defect,
    target,
    targetName,
    profiles,
    parts: withModule(parts, ownDrivers[driverName].module, artifact),
    accel,
    seed,
    workers,
    budgetMs,
  };
}
