// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import { UsageError } from '../errors.ts';
import { isBundle, unpackBundle } from '../replay/bundle.ts';

/** What makes the same artifacts elsewhere. */
export async function presentCommit(): Promise<string> {
  const git = async (...args: readonly string[]) => {
    const { stdout } = await execa('git', args, { cwd: projectRoot(), reject: false });
    return stdout ?? '';
  };
  const commit = await git('rev-parse', 'HEAD');
  if (commit === '') return '(unknown: not made in a checkout of git)';
  const changed = (await git('status', '--porcelain', '--untracked-files=no')) !== '';
  return changed ? `${commit} and changes that are not committed` : commit;
}

/** Unpacks what is a bundle, for as long as it is needed. */
export async function unpacked(
  run: string,
  signal: AbortSignal,
): Promise<AsyncDisposable & { readonly folder: string | undefined }> {
  if (isBundle(run) && !existsSync(run)) {
    throw new UsageError('NO_BUNDLE', `there is no file ${run}`, {
      remedy: 'Name a file that lab repro --bundle has written.',
    });
  }
  if (!isBundle(run)) {
    return { folder: undefined, [Symbol.asyncDispose]: async () => undefined };
  }
  const progress = new StreamProgress(process.stderr);
  const wait = { signal, deadline: Deadline.never };
  const recipe = toolchainRecipe();
  const built = await ensureArtifacts([recipe], { wait, progress }).finally(() => progress.close());
  const tree = join(built.get(recipe.name)?.dir ?? '', 'tree');
  const folder = await mkdtemp(join(tmpdir(), 'ferrolab-unpacked-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  await unpackBundle(run, tree, folder).catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return { folder, [Symbol.asyncDispose]: dispose };
}
