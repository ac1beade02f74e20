// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { duration } from '../artifacts/build-progress.ts';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { cachedArtifact } from '../artifacts/ensure-artifacts.ts';
import type { Artifact, Recipe } from '../artifacts/recipe.ts';
import { initramfsRecipe, sshInitramfsRecipe } from '../artifacts/recipes/initramfs.ts';
import { kernelRecipe } from '../artifacts/recipes/kernel.ts';
import { qemuRecipe } from '../artifacts/recipes/qemu.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import { LabError } from '../errors.ts';
import { probeKvm } from '../vm/probe-kvm.ts';
import { probeQemu } from '../vm/probe-qemu.ts';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

const buildRemedy = 'Run: make boot (it builds what is missing)';

/** Checks of what the lab has built, and of what runs with it. */
export const labChecks: readonly Check[] = [
  { name: 'artifacts', look: async () => artifacts() },
  { name: 'QEMU', look: qemu },
  { name: 'KVM', look: kvm },
];

interface Parts {
  readonly toolchain: Artifact;
  readonly qemu: Artifact;
  readonly kernel: Artifact;
  readonly initramfs: Artifact;
}

function recipes(): Readonly<Record<keyof Parts, Recipe>> {
  return {
    toolchain: toolchainRecipe(),
    qemu: qemuRecipe(),
    kernel: kernelRecipe('fast'),
    initramfs: initramfsRecipe(),
  };
}

function artifacts(): Finding {
  const needed = [...Object.values(recipes()), sshInitramfsRecipe()];
  const missing = needed.filter((recipe) => cachedArtifact(recipe) === undefined);
  if (missing.length === 0) return ok('all that a boot needs is built');
  const names = missing.map(({ name }) => name).join(', ');
  const seconds = missing.reduce((sum, recipe) => sum + recipe.estimateSeconds, 0);
  return warning(`not built: ${names}; takes about ${duration(seconds)}`, buildRemedy);
}

async function qemu(wait: Wait): Promise<Finding> {
  const { toolchain, qemu: built } = cachedParts();
  if (toolchain === undefined || built === undefined) return warning('not built', buildRemedy);
  try {
    const tree = { toolchainRoot: join(toolchain.dir, 'tree'), dir: built.dir };
    const answer = await probeQemu(tree, wait);
    const missing = [...answer.missingCommands, ...answer.missingDevices];
    if (missing.length > 0) {
      return failed(
        `${answer.version} starts but lacks ${missing.join(', ')}`,
        'Run: npm run lab:build -- qemu',
      );
    }
    return ok(
      `${answer.version} answers after ${answer.greetingMs.toFixed(0)} ms, with our device`,
    );
  } catch (error) {
    if (wait.signal.aborted || !(error instanceof LabError)) throw error;
    return failed(error.message, `Delete ${built.dir} and run: npm run lab:build -- qemu`);
  }
}

async function kvm(wait: Wait): Promise<Finding> {
  const { toolchain, qemu: built, kernel, initramfs } = cachedParts();
  const remedy = 'None needed: guests are emulated (TCG), which is slower.';
  if (!toolchain || !built || !kernel || !initramfs) {
    return warning('not judged yet: that takes a guest', buildRemedy);
  }
  const parts = {
    qemu: { toolchainRoot: join(toolchain.dir, 'tree'), dir: built.dir },
    kernel: join(kernel.dir, 'vmlinux'),
    initramfs: join(initramfs.dir, 'initramfs.cpio'),
    identity: `${built.key} ${kernel.key}`,
  };
  const answer = await probeKvm(parts, cacheDirectory(), wait, 'fresh');
  return answer.usable ? ok('runs a guest') : warning(answer.reason, remedy);
}

function cachedParts(): { readonly [K in keyof Parts]: Parts[K] | undefined } {
  const all = recipes();
  return {
    toolchain: cachedArtifact(all.toolchain),
    qemu: cachedArtifact(all.qemu),
    kernel: cachedArtifact(all.kernel),
    initramfs: cachedArtifact(all.initramfs),
  };
}
