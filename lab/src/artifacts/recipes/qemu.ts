// SPDX-License-Identifier: Apache-2.0

import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { LabFailure } from '../../errors.ts';
import { contentKey } from '../content-key.ts';
import type { BuildContext, Recipe } from '../recipe.ts';
import { readSourceLock, sourceOverride } from '../source-lock.ts';
import { inToolchain, withEnvironment } from '../toolchain-sandbox.ts';
import { toolchainRecipe } from './toolchain.ts';

/** QEMU's unpacked source, from Debian's package or from `LAB_QEMU_SRC`. */
export function qemuSourceRecipe(): Recipe {
  const { qemu } = readSourceLock();
  const override = sourceOverride('LAB_QEMU_SRC');
  if (override.kind === 'tarball') {
    throw new LabFailure('NOT_A_FOLDER', 'LAB_QEMU_SRC must name a folder with QEMU unpacked', {
      remedy:
        'Unpack it (for a Debian source package: dpkg-source -x FILE.dsc) and name the folder.',
    });
  }
  const checksums = Object.entries(qemu.files)
    .map(([file, sha256]) => `${sha256}  ${file}`)
    .join('\n');
  return {
    name: 'qemu-source',
    inputs: ['images/qemu/fetch.sh'],
    parameters: override.kind === 'folder' ? { override: override.identity } : { checksums },
    dependsOn: [toolchainRecipe()],
    identity: override.kind === 'folder' ? [] : ['source/VERSION'],
    estimateSeconds: 20,
    async build(context) {
      if (override.kind === 'folder') return;
      const scratch = join(context.work, 'fetch');
      const source = join(context.out, 'source');
      for (const folder of [scratch, source]) await mkdir(folder, { recursive: true });
      const mounts = [
        { host: join(context.root, 'images/qemu'), at: '/lab/recipe' },
        { host: scratch, at: '/lab/build', writable: true },
        { host: source, at: '/lab/out', writable: true },
      ];
      const argv = withEnvironment(
        { PACKAGE: qemu.package, VERSION: qemu.packageVersion, CHECKSUMS: checksums },
        ['bash', '/lab/recipe/fetch.sh'],
      );
      await context.run(inToolchain({ tree: treeOf(context), mounts, network: true }, argv), {});
    },
  };
}

/** QEMU with our device: `bin/qemu-system-x86_64`, firmware in `share/qemu`, the device's qtest. */
export function qemuRecipe(): Recipe {
  return recipe('qemu', 'no', 210);
}

/** The same with the address and undefined behaviour sanitizers: for fuzzing the device. */
export function qemuSanitizedRecipe(): Recipe {
  return recipe('qemu-sanitized', 'yes', 600);
}

function recipe(name: string, sanitize: 'yes' | 'no', estimateSeconds: number): Recipe {
  return {
    name,
    inputs: ['images/qemu/build.sh', 'images/qemu/configure.sh', 'qemu-device'],
    parameters: sanitize === 'yes' ? { sanitize } : {},
    dependsOn: [toolchainRecipe(), qemuSourceRecipe()],
    identity: ['bin/qemu-system-x86_64'],
    estimateSeconds,
    async build(context) {
      const { out, dependency, root } = context;
      const override = sourceOverride('LAB_QEMU_SRC');
      // A change of the device must not cost the whole build again: ninja knows what it touches. What it
      // does not know (patches, options) gives another folder.
      await using build = await context.scratch(name, {
        source: dependency('qemu-source').key,
        toolchain: dependency('toolchain').key,
        recipe: contentKey(root, ['images/qemu', 'qemu-device/patches'], {}),
      });
      const source =
        override.kind === 'folder' ? override.path : join(dependency('qemu-source').dir, 'source');
      const mounts = [
        { host: join(root, 'images/qemu'), at: '/lab/recipe' },
        { host: join(root, 'qemu-device'), at: '/lab/device' },
        { host: source, at: '/lab/pristine' },
        { host: build.dir, at: '/lab/build', writable: true },
        { host: out, at: '/lab/out', writable: true },
      ];
      const argv = withEnvironment({ JOBS: String(availableParallelism()), SANITIZE: sanitize }, [
        'bash',
        '/lab/recipe/build.sh',
      ]);
      await context.run(inToolchain({ tree: treeOf(context), mounts }, argv), {});
    },
  };
}

function treeOf(context: BuildContext): string {
  return join(context.dependency('toolchain').dir, 'tree');
}
