// SPDX-License-Identifier: Apache-2.0

import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { ensureArtifacts } from '../../lab/src/artifacts/ensure-artifacts.ts';
import type { Artifact } from '../../lab/src/artifacts/recipe.ts';
import { buildable } from '../../lab/src/artifacts/recipes/buildable.ts';

/** Folders of artifacts by name, built first if the cache lacks them. */
export async function labArtifacts(...names: readonly string[]): Promise<(name: string) => string> {
  const recipes = buildable();
  const wanted = names.map((name) => {
    const recipe = recipes.get(name);
    if (!recipe) throw new Error(`no artifact is called ${name}`);
    return recipe;
  });
  const progress = new StreamProgress(process.stderr);
  const wait = { signal: new AbortController().signal, deadline: Deadline.never };
  const artifacts: ReadonlyMap<string, Artifact> = await ensureArtifacts(wanted, {
    wait,
    progress,
  }).finally(() => progress.close());
  return (name) => {
    const artifact = artifacts.get(name);
    if (!artifact) throw new Error(`${name} was not asked for`);
    return artifact.dir;
  };
}
