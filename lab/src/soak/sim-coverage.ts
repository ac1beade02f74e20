// SPDX-License-Identifier: Apache-2.0
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { readDriverMap } from '../coverage/driver-map.ts';
import { WorldCoverage } from '../coverage/world-coverage.ts';
import { setupBlocksFile } from '../run/driver-template.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { SimWorld } from '../run/world.ts';
import type { Simulator } from './sim-scenario.ts';
import type { SoakParts } from './soak-parts.ts';

/** File of a run folder with the blocks of the driver's code that were executed. */
export const blocksFile = 'blocks.txt';

/**
 * What of a world's driver can be reached, and has been when it was loaded; undefined for one of the kernel's own, of
 * which what is executed is not seen.
 */
export async function coverageOf(
  world: SimWorld,
  parts: SoakParts,
  simulator: Simulator,
  wait: Wait,
): Promise<WorldCoverage | undefined> {
  const ko = parts.modules[world.driver.name];
  if (ko === undefined) return undefined;
  const measured = new WorldCoverage(await readDriverMap(ko, parts.qemu.toolchainRoot, wait));
  const { folder, facts } = await simulator.driverTemplate(world, wait);
  if (facts.loaded !== null) {
    const executed = await readFile(join(folder, setupBlocksFile), 'utf8').catch(() => '');
    measured.add(executed, [facts.loaded.sections], {});
  }
  return measured;
}

/** Takes what a run has executed, which was asked to write `blocksFile`; whether something of it is new. */
export async function addRun(coverage: WorldCoverage, ran: SimRun): Promise<boolean> {
  const file = join(ran.folder, blocksFile);
  // A QEMU that did not end in order has written nothing.
  const executed = await readFile(file, 'utf8').catch(() => '');
  const reachedNew = coverage.add(executed, ran.loads, ran.states);
  // Another run of the same world writes it again.
  await rm(file, { force: true });
  return reachedNew;
}
