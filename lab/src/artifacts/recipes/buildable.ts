// SPDX-License-Identifier: Apache-2.0

import type { Recipe } from '../recipe.ts';
import { driverRecipe } from './driver.ts';
import { driverBuilds, probeBuild } from './driver-builds.ts';
import { initramfsRecipe, sshInitramfsRecipe } from './initramfs.ts';
import { kernelFlavours, kernelRecipe, kernelSourceRecipe } from './kernel.ts';
import { qemuRecipe, qemuSanitizedRecipe, qemuSourceRecipe } from './qemu.ts';
import { testToolsRecipe } from './test-tools.ts';
import { toolchainRecipe } from './toolchain.ts';

/** Every recipe, by name: what `ferrolab build NAME` accepts, and what `--gc` keeps. */
export function buildable(): ReadonlyMap<string, Recipe> {
  const recipes = [
    toolchainRecipe(),
    kernelSourceRecipe(),
    ...kernelFlavours.map(kernelRecipe),
    qemuSourceRecipe(),
    qemuRecipe(),
    qemuSanitizedRecipe(),
    initramfsRecipe(),
    sshInitramfsRecipe(),
    ...driverBuilds().map(driverRecipe),
    driverRecipe(probeBuild('fast')),
    testToolsRecipe(),
  ];
  return new Map(recipes.map((recipe) => [recipe.name, recipe]));
}
