// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSha256 } from '../content-key.ts';
import type { Artifact, Recipe } from '../recipe.ts';
import { inToolchain, withEnvironment } from '../toolchain-sandbox.ts';
import { type DriverBuild, driverMounts } from './driver.ts';
import { kernelRecipe, kernelSourceRecipe } from './kernel.ts';
import { toolchainRecipe } from './toolchain.ts';

/** A driver, clean or with a mistake in it, that may turn out not to compile. */
export interface TrialBuild extends Omit<DriverBuild, 'patch'> {
  readonly patch?: {
    /** For the artifact's name. */
    readonly name: string;
    /** Absolute. */
    readonly file: string;
    /** Whoever wrote it did not have this checkout before them: paths and context may differ a little. */
    readonly lenient: boolean;
  };
}

/** What the tools made of a trial. */
export interface Trial {
  readonly status: 'compiled' | 'build-failed' | 'patch-failed';
  readonly buildLog: string;
  readonly sparse: 'ran' | 'failed' | 'absent';
  readonly sparseLog: string;
}

/**
 * Compiles a driver and keeps what the tools said: `status`, `build.log`, `sparse.log`, and, if it
 * compiled, what `driverRecipe` makes. The patch may lie outside of the checkout.
 */
export function driverTrialRecipe(trial: TrialBuild): Recipe {
  const kernel = kernelRecipe(trial.kernel);
  const { patch, ...unpatched } = trial;
  // The objects of the clean driver save compiling what the patch does not touch.
  const clean = patch ? driverTrialRecipe(unpatched) : undefined;
  const strip = patch?.lenient ? '1 3 0 2 4 5' : '1';
  return {
    name: `trial-${trial.module}-${trial.kernel}${patch ? `-${patch.name}` : ''}`,
    inputs: ['images/driver', trial.source],
    parameters: {
      module: trial.module,
      ...(patch ? { patch: fileSha256(patch.file), strip } : {}),
    },
    dependsOn: [toolchainRecipe(), kernelSourceRecipe(), kernel, ...(clean ? [clean] : [])],
    identity: ['identity'],
    estimateSeconds: 15,
    async build({ root, work, out, dependency, run }) {
      const module = join(work, 'module');
      await mkdir(module, { recursive: true });
      const mounts = driverMounts({
        root,
        source: trial.source,
        kernelSource: dependency('kernel-source').dir,
        kernel: dependency(kernel.name).dir,
        module,
        out,
        ...(patch ? { patch: patch.file } : {}),
        ...(clean ? { clean: dependency(clean.name).dir } : {}),
      });
      const argv = withEnvironment(
        {
          MODULE: trial.module,
          PATCH: patch ? '/lab/defect.patch' : '',
          STRIP: strip,
          FUZZ: patch?.lenient ? '2' : '0',
        },
        ['bash', '/lab/recipe/trial.sh'],
      );
      await run(inToolchain({ tree: join(dependency('toolchain').dir, 'tree'), mounts }, argv), {});
    },
  };
}

/** Reads what a trial left. */
export async function readTrial({ dir }: Artifact): Promise<Trial> {
  const text = async (file: string): Promise<string> =>
    existsSync(join(dir, file)) ? await readFile(join(dir, file), 'utf8') : '';
  return {
    status: (await text('status')).trim() as Trial['status'],
    buildLog: await text('build.log'),
    sparse: (await text('sparse')).trim() as Trial['sparse'],
    sparseLog: await text('sparse.log'),
  };
}
