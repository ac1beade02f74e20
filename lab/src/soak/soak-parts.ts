// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import type { BuildProgress } from '../artifacts/build-progress.ts';
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts';
import type { Artifact, Recipe } from '../artifacts/recipe.ts';
import { type DriverBuild, driverRecipe } from '../artifacts/recipes/driver.ts';
import { initramfsRecipe } from '../artifacts/recipes/initramfs.ts';
import { type KernelFlavour, kernelRecipe } from '../artifacts/recipes/kernel.ts';
import { qemuRecipe } from '../artifacts/recipes/qemu.ts';
import { toolchainRecipe } from '../artifacts/recipes/toolchain.ts';
import type { DriverConfig } from '../config/define-lab.ts';
import type { World } from '../run/world.ts';
import type { QemuTree } from '../vm/machine-spec.ts';
import { readCredentials, type SshCredentials } from '../vm/ssh-credentials.ts';

/** The built parts of a soak's machines. */
export interface SoakParts {
  readonly hashes: World['artifacts'];
  readonly qemu: QemuTree;
  /** ELF with symbols. */
  readonly vmlinux: string;
  readonly initramfs: readonly [string, ...string[]];
  readonly credentials: SshCredentials;
  /** Modules with symbols, by name. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Builds what is missing, and names the files. */
export async function gatherSoakParts(
  kernel: KernelFlavour,
  driver: DriverConfig,
  defect: string | null,
  options: { readonly wait: Wait; readonly progress: BuildProgress },
): Promise<SoakParts> {
  const recipes = {
    toolchain: toolchainRecipe(),
    qemu: qemuRecipe(),
    kernel: kernelRecipe(kernel),
    initramfs: initramfsRecipe(),
  };
  const driverBuild = buildOf(driver, kernel, defect);
  const driverPart = driverBuild === undefined ? undefined : driverRecipe(driverBuild);
  const wanted = [...Object.values(recipes), ...(driverPart === undefined ? [] : [driverPart])];
  const artifacts = await ensureArtifacts(wanted, options);
  const built = (recipe: Recipe): Artifact => {
    const artifact = artifacts.get(recipe.name);
    if (artifact === undefined) {
      throw new Error(`${recipe.name} was not built`);
    }
    return artifact;
  };
  const guest = built(recipes.initramfs);
  const module = driverPart === undefined ? undefined : built(driverPart);
  return {
    hashes: {
      qemu: built(recipes.qemu).sha256,
      kernel: built(recipes.kernel).sha256,
      initramfs: guest.sha256,
      // A driver of the kernel's own tree is part of the kernel.
      driver: (module ?? built(recipes.kernel)).sha256,
    },
    qemu: {
      toolchainRoot: join(built(recipes.toolchain).dir, 'tree'),
      dir: built(recipes.qemu).dir,
    },
    vmlinux: join(built(recipes.kernel).dir, 'vmlinux'),
    initramfs: [
      join(guest.dir, 'initramfs.cpio'),
      ...(module === undefined ? [] : [join(module.dir, 'driver.cpio')]),
    ],
    credentials: await readCredentials(guest.dir),
    modules:
      module === undefined ? {} : { [driver.module]: join(module.dir, `${driver.module}.ko`) },
  };
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
