// SPDX-License-Identifier: Apache-2.0

import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildContext, Recipe } from '../recipe.ts';
import { readSourceLock, sourceOverride } from '../source-lock.ts';
import { inToolchain, type Mount, withEnvironment } from '../toolchain-sandbox.ts';
import { toolchainRecipe } from './toolchain.ts';

/** The kernel flavours: `fast` for work and measuring, `debug` for finding bugs. */
export const kernelFlavours = ['fast', 'debug'] as const;
export type KernelFlavour = (typeof kernelFlavours)[number];

const FRAGMENTS: Record<KernelFlavour, string> = {
  fast: 'fast.config',
  debug: 'fast.config debug.config',
};

const ESTIMATE_SECONDS: Record<KernelFlavour, number> = { fast: 600, debug: 975 };

/** The unpacked kernel source, from Debian's package or from `LAB_KERNEL_SRC`. */
export function kernelSourceRecipe(): Recipe {
  const { kernel } = readSourceLock();
  const override = sourceOverride('LAB_KERNEL_SRC');
  const toolchain = toolchainRecipe();
  return {
    name: 'kernel-source',
    inputs: ['images/kernel/fetch.sh', 'images/kernel/unpack.sh'],
    parameters:
      override.kind === 'none' ? { sha256: kernel.sha256 } : { override: override.identity },
    dependsOn: [toolchain],
    identity: override.kind === 'folder' ? [] : ['source/Makefile', 'source/MAINTAINERS'],
    estimateSeconds: 30,
    async build(context) {
      // A user's own folder is used where it lies; see kernelSourceFolder.
      if (override.kind === 'folder') return;
      const tarball =
        override.kind === 'tarball' ? override.path : await fetchTarball(context, kernel);
      await mkdir(join(context.out, 'source'), { recursive: true });
      await runRecipe(context, 'unpack.sh', {
        mounts: [
          { host: dirname(tarball), at: '/lab/download' },
          { host: join(context.out, 'source'), at: '/lab/out', writable: true },
        ],
        env: { TARBALL: `/lab/download/${tarball.slice(dirname(tarball).length + 1)}` },
      });
    },
  };
}

/** Folder with the kernel's source, given the artifact's folder. */
export function kernelSourceFolder(artifactDir: string): string {
  const override = sourceOverride('LAB_KERNEL_SRC');
  return override.kind === 'folder' ? override.path : join(artifactDir, 'source');
}

/** A kernel: `vmlinux`, `.config`, and `build/`, the object tree that modules are built against. */
export function kernelRecipe(flavour: KernelFlavour): Recipe {
  return {
    name: `kernel-${flavour}`,
    inputs: [
      'images/kernel/build.sh',
      ...FRAGMENTS[flavour].split(' ').map((fragment) => `images/kernel/${fragment}`),
    ],
    parameters: {},
    dependsOn: [toolchainRecipe(), kernelSourceRecipe()],
    identity: ['vmlinux'],
    estimateSeconds: ESTIMATE_SECONDS[flavour],
    async build(context) {
      const build = join(context.out, 'build');
      await mkdir(build, { recursive: true });
      await runRecipe(context, 'build.sh', {
        mounts: [
          { host: kernelSourceFolder(context.dependency('kernel-source').dir), at: '/lab/source' },
          { host: build, at: '/lab/build', writable: true },
          { host: context.out, at: '/lab/out', writable: true },
        ],
        env: { FRAGMENTS: FRAGMENTS[flavour], JOBS: String(availableParallelism()) },
      });
    },
  };
}

async function fetchTarball(
  context: BuildContext,
  kernel: ReturnType<typeof readSourceLock>['kernel'],
): Promise<string> {
  const scratch = join(context.work, 'fetch');
  const download = join(context.work, 'download');
  for (const folder of [scratch, download]) await mkdir(folder, { recursive: true });
  await runRecipe(context, 'fetch.sh', {
    network: true,
    mounts: [
      { host: scratch, at: '/lab/build', writable: true },
      { host: download, at: '/lab/out', writable: true },
    ],
    env: {
      PACKAGE: kernel.package,
      VERSION: kernel.packageVersion,
      TARBALL: kernel.tarball,
      SHA256: kernel.sha256,
    },
  });
  return join(download, kernel.tarball);
}

async function runRecipe(
  context: BuildContext,
  script: string,
  options: {
    readonly network?: boolean;
    readonly mounts: readonly Mount[];
    readonly env: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const mounts = [
    { host: join(context.root, 'images/kernel'), at: '/lab/recipe' },
    ...options.mounts,
  ];
  const tree = join(context.dependency('toolchain').dir, 'tree');
  const argv = withEnvironment(options.env, ['bash', `/lab/recipe/${script}`]);
  await context.run(
    inToolchain({ tree, mounts, ...(options.network ? { network: true } : {}) }, argv),
    {},
  );
}
