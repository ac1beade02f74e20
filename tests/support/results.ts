// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CampaignRecord } from '../../lab/src/campaign-record.ts';
import { emptyTally } from '../../lab/src/fault-tally.ts';
import { createRunFolder, type RunPlace, writeVerdict } from '../../lab/src/run/run-folder.ts';
import type { World } from '../../lab/src/run/world.ts';
import type { StateDirectory } from '../../lab/src/store/state-directory.ts';
import type { Cell, Verdict } from '../../lab/src/verdict.ts';

export const cell: Cell = {
  target: 'ferronic',
  driver: 'ferronic_c',
  defect: 'work-uaf',
  kernel: 'debug',
  mode: 'live',
  accel: 'tcg',
  profile: 'usual',
  workload: 'traffic-churn',
};

export const world: World = {
  version: 1,
  artifacts: { qemu: 'q', kernel: 'k', initramfs: 'i', driver: 'd' },
  machine: { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: 'work-uaf' },
  workload: {
    name: 'traffic-churn',
    params: { churnMs: 1, payloadBytes: 1, rounds: [], atEnd: [] },
  },
  plan: [],
  seed: 1,
};

/** The verdict of a run that crashed twice, changed as asked. */
export function verdict(runId: string, change: Partial<Verdict> = {}): Verdict {
  return {
    version: 1,
    runId,
    campaignId: 'campaign-1',
    cycle: 0,
    attempt: 0,
    canary: false,
    host: 'lab-1',
    worldId: 'sha256:w',
    cell,
    seed: 0xffff_ffff,
    outcome: 'FAIL',
    reason: 'KASAN: slab-use-after-free Read in f',
    crashes: [
      {
        title: 'KASAN: slab-use-after-free Read in f',
        type: 'KASAN-USE-AFTER-FREE-READ',
        frame: 'f',
        corrupted: false,
        altTitles: ['KASAN: use-after-free in f'],
        family: 'kasan',
      },
      { title: 'Oops', type: 'DoS', frame: null, corrupted: true, altTitles: [] },
    ],
    exposure: { wallMs: 1_500.25, virtualMs: 1_499.000_000_1 },
    faults: emptyTally,
    phasesMs: { load: 20_000 },
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:00.000Z',
    ...change,
  };
}

/** A campaign that was asked for. */
export function campaign(id: string): CampaignRecord {
  const { workload, ...pooled } = cell;
  const { artifacts } = world;
  const subject = {
    cell: pooled,
    driverName: 'c',
    workloads: [workload],
    share: 1,
    artifacts,
    configuration: 'sha256:c',
  };
  return {
    version: 1,
    id,
    name: 'nightly',
    host: 'lab-1',
    seed: 7,
    startedAt: '2026-01-01T00:00:00.000Z',
    budgetMs: 60_000,
    until: null,
    subjects: [subject],
    canary: { ...subject, driverName: 'rust' },
    goal: null,
  };
}

/** Puts a run with its verdict into a state folder, as its harness would. */
export async function writeRun(state: StateDirectory, said: Verdict): Promise<void> {
  const { runId, campaignId, cycle } = said;
  const folder = await createRunFolder(state.runs, runId, world, { campaignId, cycle });
  await writeFile(join(folder.path, 'console.log'), `console of ${runId}\n`);
  await writeVerdict(folder, said);
}

/** Puts a run into a state folder whose harness was killed. */
export async function writeLostRun(
  state: StateDirectory,
  runId: string,
  place?: RunPlace,
): Promise<string> {
  const { path } = await createRunFolder(state.runs, runId, world, place);
  // A process that cannot exist.
  const owner = { pid: 2 ** 22 + 1, startTicks: 1, bootId: 'another boot', host: 'lab-1' };
  await writeFile(join(path, 'owner.json'), JSON.stringify({ ...owner, ...place }));
  return path;
}
