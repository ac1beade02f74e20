// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import type { BuildProgress } from '../artifacts/build-progress.ts';
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import type { Artifact, Recipe } from '../artifacts/recipe.ts';
import { driverRecipe } from '../artifacts/recipes/driver.ts';
import { driverBuild, type OwnDriver } from '../artifacts/recipes/driver-builds.ts';
import { initramfsRecipe, sshInitramfsRecipe } from '../artifacts/recipes/initramfs.ts';
import { type KernelFlavour, kernelRecipe } from '../artifacts/recipes/kernel.ts';
import { qemuRecipe } from '../artifacts/recipes/qemu.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import type { MachineParts } from '../run/booted-template.ts';
import type { QemuTree } from '../vm/machine-spec.ts';
import type { ProbeParts } from '../vm/probe-kvm.ts';
import { readCredentials, type SshCredentials } from '../vm/ssh-credentials.ts';

/** The built parts of a guest, ready to be booted. */
export interface BootInputs {
  readonly qemu: QemuTree;
  readonly kernel: string;
  readonly initramfs: readonly string[];
  readonly credentials: SshCredentials;
  readonly parts: MachineParts;
  readonly probe: ProbeParts;
}

/** Builds what is missing and names the files; `driver` undefined means a guest without one. */
export async function gatherBootInputs(
  kernel: KernelFlavour,
  driver: OwnDriver | undefined,
  options: { readonly wait: Wait; readonly progress: BuildProgress },
): Promise<BootInputs> {
  const recipes = {
    toolchain: toolchainRecipe(),
    qemu: qemuRecipe(),
    kernel: kernelRecipe(kernel),
    initramfs: initramfsRecipe(),
    sshInitramfs: sshInitramfsRecipe(),
    ...(driver === undefined ? {} : { driver: driverRecipe(driverBuild(driver, kernel)) }),
  };
  const artifacts = await ensureArtifacts(Object.values(recipes), options);
  const built = (recipe: Recipe): Artifact => {
    const artifact = artifacts.get(recipe.name);
    if (artifact === undefined) throw new Error(`${recipe.name} was not built`);
    return artifact;
  };
  const base = built(recipes.initramfs);
  const ssh = built(recipes.sshInitramfs);
  const qemu: QemuTree = {
    toolchainRoot: join(built(recipes.toolchain).dir, 'tree'),
    dir: built(recipes.qemu).dir,
  };
  const vmlinux = join(built(recipes.kernel).dir, 'vmlinux');
  const extra =
    recipes.driver === undefined ? [] : [join(built(recipes.driver).dir, 'driver.cpio')];
  return {
    qemu,
    kernel: vmlinux,
    initramfs: [join(ssh.dir, 'initramfs.cpio'), ...extra],
    credentials: await readCredentials(ssh.dir),
    parts: {
      qemu: built(recipes.qemu).sha256,
      kernel: built(recipes.kernel).sha256,
      initramfs: base.sha256,
    },
    probe: {
      qemu,
      kernel: vmlinux,
      initramfs: join(base.dir, 'initramfs.cpio'),
      identity: `${built(recipes.qemu).key} ${built(recipes.kernel).key}`,
    },
  };
}
