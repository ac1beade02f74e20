// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import type { BuildProgress } from '../artifacts/build-progress.ts';
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import type { Artifact, Recipe } from '../artifacts/recipe.ts';
import { driverRecipe } from '../artifacts/recipes/driver.ts';
import {
  driverBuild,
  type OwnDriver,
  ownDrivers,
  probeBuild,
} from '../artifacts/recipes/driver-builds.ts';
import { initramfsRecipe, sshInitramfsRecipe } from '../artifacts/recipes/initramfs.ts';
import { kernelRecipe } from '../artifacts/recipes/kernel.ts';
import { qemuRecipe } from '../artifacts/recipes/qemu.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import type { QemuTree } from '../vm/machine-spec.ts';
import type { ProbeParts } from '../vm/probe-kvm.ts';
import { readCredentials, type SshCredentials } from '../vm/ssh-credentials.ts';

/** A driver of this repository, built. */
export interface BuiltModule {
  /** The module with all its sections and symbols. */
  readonly object: string;
  /** What to append to the initramfs. */
  readonly archive: string;
}

/** The built parts of a bench's machines; measured is on the fast kernel only. */
export interface BenchParts {
  readonly qemu: QemuTree;
  readonly kernel: string;
  /** The kernel's options. */
  readonly kernelConfig: string;
  /** Of guests that run a script. */
  readonly initramfs: string;
  /** Of guests that one logs in to. */
  readonly sshInitramfs: string;
  readonly drivers: ReadonlyMap<OwnDriver, BuiltModule>;
  /** Notes when handlers and polls are called; built when asked for. */
  readonly irqProbe?: BuiltModule;
  readonly credentials: SshCredentials;
  readonly kvmProbe: ProbeParts;
}

interface WantedParts {
  readonly drivers: readonly OwnDriver[];
  readonly irqProbe: boolean;
}

/** Builds what is missing, and names the files. */
export async function gatherBenchParts(
  wanted: WantedParts,
  options: { readonly wait: Wait; readonly progress: BuildProgress },
): Promise<BenchParts> {
  const base = {
    toolchain: toolchainRecipe(),
    qemu: qemuRecipe(),
    kernel: kernelRecipe('fast'),
    initramfs: initramfsRecipe(),
    sshInitramfs: sshInitramfsRecipe(),
  };
  const modules = new Map(
    wanted.drivers.map((own) => [own, driverRecipe(driverBuild(own, 'fast'))] as const),
  );
  const probe = driverRecipe(probeBuild('fast'));
  const recipes = [
    ...Object.values(base),
    ...modules.values(),
    ...(wanted.irqProbe ? [probe] : []),
  ];
  const artifacts = await ensureArtifacts(recipes, options);
  const built = (recipe: Recipe): Artifact => {
    const artifact = artifacts.get(recipe.name);
    if (artifact === undefined) throw new Error(`${recipe.name} was not built`);
    return artifact;
  };
  const module = (recipe: Recipe, name: string): BuiltModule => ({
    object: join(built(recipe).dir, `${name}.ko`),
    archive: join(built(recipe).dir, 'driver.cpio'),
  });
  const qemu = {
    toolchainRoot: join(built(base.toolchain).dir, 'tree'),
    dir: built(base.qemu).dir,
  };
  const kernel = join(built(base.kernel).dir, 'vmlinux');
  const initramfs = join(built(base.initramfs).dir, 'initramfs.cpio');
  const ssh = built(base.sshInitramfs);
  const identity = `${built(base.qemu).key} ${built(base.kernel).key}`;
  return {
    qemu,
    kernel,
    kernelConfig: join(built(base.kernel).dir, '.config'),
    initramfs,
    sshInitramfs: join(ssh.dir, 'initramfs.cpio'),
    drivers: new Map(
      [...modules].map(([own, recipe]) => [own, module(recipe, ownDrivers[own].module)]),
    ),
    ...(wanted.irqProbe ? { irqProbe: module(probe, probeBuild('fast').module) } : {}),
    credentials: await readCredentials(ssh.dir),
    kvmProbe: { qemu, kernel, initramfs, identity },
  };
}
