// SPDX-License-Identifier: Apache-2.0
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QmpClient } from 'qemu-ipc/qmp-client';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { RunningVm } from './launch.ts';
import { sandboxPath } from './qemu-command-line.ts';

/** Saves a machine that stands still to a file of its run folder, which is there when it is complete. */
export async function saveMachine(vm: RunningVm, file: string, wait: Wait): Promise<void> {
  const { qmp, runDir } = vm;
  const partial = `${file}.partial`;
  await prepareMigration(qmp, wait);
  const over = migrationOver(qmp, wait);
  // It is waited for only when the command was taken.
  over.catch(() => undefined);
  await qmp.execute('migrate', { uri: `file:${sandboxPath.run}/${partial}` }, wait);
  if ((await over) === 'failed') {
    await rm(join(runDir, partial), { force: true });
    throw new LabFailure('SAVE_FAILED', 'the machine cannot be saved', {
      remedy: 'Look whether the disk is full.',
    });
  }
  await rename(join(runDir, partial), join(runDir, file));
}

/** Gives a machine that was launched with a template what was saved there; it stands still then. LabFailure when it cannot be. */
export async function restoreMachine({ qmp }: RunningVm, wait: Wait): Promise<void> {
  await prepareMigration(qmp, wait);
  // QEMU would tell the network that the cards have moved, when the host has time.
  await qmp.execute('migrate-set-parameters', { 'announce-rounds': 0 }, wait);
  const over = migrationOver(qmp, wait);
  // It is waited for only when the command was taken.
  over.catch(() => undefined);
  await qmp.execute('migrate-incoming', { uri: `file:${sandboxPath.template}` }, wait);
  if ((await over) === 'failed') {
    throw new LabFailure('BAD_TEMPLATE', 'the saved machine cannot be loaded', {
      remedy: 'It is damaged, or of another machine. Remove its file: it is made again.',
    });
  }
}

/** Pages lie at fixed places of the file: it is as large as what the guest uses, and read in one go. */
async function prepareMigration(qmp: QmpClient, wait: Wait): Promise<void> {
  const capabilities = (['events', 'mapped-ram'] as const).map((capability) => ({
    capability,
    state: true,
  }));
  await qmp.execute('migrate-set-capabilities', { capabilities }, wait);
}

async function migrationOver(qmp: QmpClient, wait: Wait): Promise<'completed' | 'failed'> {
  const over = async () => {
    for await (const { data } of qmp.events({ names: ['MIGRATION'] })) {
      if (data.status === 'completed' || data.status === 'failed') return data.status;
    }
    return 'failed' as const;
  };
  return await waitFor(over(), wait, 'the saved machine');
}
