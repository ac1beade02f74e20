// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import type { BuildProgress } from '../artifacts/build-progress.ts';
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import type { Artifact, Recipe } from '../artifacts/recipe.ts';
import { type DriverBuild, driverRecipe } from '../artifacts/recipes/driver.ts';
import { initramfsRecipe, sshInitramfsRecipe } from '../artifacts/recipes/initramfs.ts';
import { type KernelFlavour, kernelRecipe } from '../artifacts/recipes/kernel.ts';
import { qemuRecipe } from '../artifacts/recipes/qemu.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import type { DriverConfig } from '../config/define-lab.ts';
import type { World } from '../run/world.ts';
import type { QemuTree } from '../vm/machine-spec.ts';
import { readCredentials, type SshCredentials } from '../vm/ssh-credentials.ts';

/** How long building may take, and who is told of it. */
export interface BuildOptions {
  readonly wait: Wait;
  readonly progress: BuildProgress;
}

/** The built parts of a soak's machines. */
export interface SoakParts {
  readonly hashes: World['artifacts'];
  readonly qemu: QemuTree;
  /** ELF with symbols. */
  readonly vmlinux: string;
  /** What all guests begin with. */
  readonly initramfs: string;
  /** The same for those that one logs in to. */
  readonly sshInitramfs: string;
  /** cpio archives with what is added to it: modules. */
  readonly archives: readonly string[];
  readonly credentials: SshCredentials;
  /** Modules with symbols, by name. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Builds what is missing, and names the files. */
export async function gatherSoakParts(
  kernel: KernelFlavour,
  driver: DriverConfig,
  defect: string | null,
  options: BuildOptions,
): Promise<SoakParts> {
  const machine = await gatherMachineParts(kernel, options);
  const build = buildOf(driver, kernel, defect);
  if (build === undefined) {
    return machine;
  }
  const recipe = driverRecipe(build);
  const built = await ensureArtifacts([recipe], options);
  return withModule(machine, driver.module, artifactOf(built, recipe));
}

/** The parts of a machine whose driver, if any, is of the kernel's own tree. */
export async function gatherMachineParts(
  kernel: KernelFlavour,
  options: BuildOptions,
): Promise<SoakParts> {
  const recipes = {
    toolchain: toolchainRecipe(),
    qemu: qemuRecipe(),
    kernel: kernelRecipe(kernel),
    initramfs: initramfsRecipe(),
    sshInitramfs: sshInitramfsRecipe(),
  };
  const artifacts = await ensureArtifacts(Object.values(recipes), options);
  const built = (recipe: Recipe) => artifactOf(artifacts, recipe);
  const ssh = built(recipes.sshInitramfs);
  return {
    hashes: {
      qemu: built(recipes.qemu).sha256,
      kernel: built(recipes.kernel).sha256,
      initramfs: built(recipes.initramfs).sha256,
      driver: built(recipes.kernel).sha256,
    },
    qemu: {
      toolchainRoot: join(built(recipes.toolchain).dir, 'tree'),
      dir: built(recipes.qemu).dir,
    },
    vmlinux: join(built(recipes.kernel).dir, 'vmlinux'),
    initramfs: join(built(recipes.initramfs).dir, 'initramfs.cpio'),
    sshInitramfs: join(ssh.dir, 'initramfs.cpio'),
    archives: [],
    credentials: await readCredentials(ssh.dir),
    modules: {},
  };
}

/** A machine with one more module in its guest, which becomes the driver under test. */
export function withModule(machine: SoakParts, module: string, artifact: Artifact): SoakParts {
  return {
    ...machine,
    hashes: { ...machine.hashes, driver: artifact.sha256 },
    archives: [...machine.archives, join(artifact.dir, 'driver.cpio')],
    modules: { ...machine.modules, [module]: join(artifact.dir, `${module}.ko`) },
  };
}

function artifactOf(artifacts: ReadonlyMap<string, Artifact>, recipe: Recipe): Artifact {
  const artifact = artifacts.get(recipe.name);
  if (artifact === undefined) {
    throw new Error(`${recipe.name} was not built`);
  }
  return artifact;
}

function buildOf(
  driver: DriverConfig,
  kernel: KernelFlavour,
  defect: string | null,
): DriverBuild | undefined {
  if (driver.source === null) {
    return undefined;
  }
  const { module, source, defects, language } = driver;
  const patch =
    defect === null || defects === null
      ? {}
      : { patch: { name: defect, file: `${defects}/${defect}/${language}.patch` } };
  return { module, source, kernel, ...patch };
}
