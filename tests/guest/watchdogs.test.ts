// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { ensureArtifacts } from '../../lab/src/artifacts/ensure-artifacts.ts';
import { driverRecipe } from '../../lab/src/artifacts/recipes/driver.ts';
import { templatesInCache } from '../../lab/src/cli/templates.ts';
import { runLive } from '../../lab/src/run/live-run.ts';
import { forkedMachine } from '../../lab/src/run/live-template.ts';
import { createRunFolder, newRunId } from '../../lab/src/run/run-folder.ts';
import type { World } from '../../lab/src/run/world.ts';
import { memoryMiB, soakParameters } from '../../lab/src/soak/guest-machine.ts';
import { gatherMachineParts, type SoakParts, withModule } from '../../lab/src/soak/soak-parts.ts';
import type { Verdict } from '../../lab/src/verdict.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';

type Kernel = World['machine']['kernel'];

const pciId = '1234:fe01';
const within = (ms: number) => ({
  signal: new AbortController().signal,
  deadline: Deadline.after(ms),
});

/** What each driver of tests/support/hangs does in its probe, and who must say so on which kernel. */
const hangs = [
  ['hang_rcu', 'fast', /^INFO: rcu detected stall in /],
  ['hang_soft', 'debug', /^BUG: soft lockup in /],
  ['hang_task', 'debug', /^INFO: task hung in /],
  ['hang_all', 'fast', /^no response from guest$/],
] as const;

describe('a driver that hangs', function () {
  this.timeout(280_000);
  let root: string;
  const machines = new Map<Kernel, SoakParts>();
  const runs = new Map<string, Promise<Verdict>>();

  // All at once: their watchdogs take their time.
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'ferrolab-watchdogs-'));
    const ready: (() => void)[] = [];
    for (const [module, kernel] of hangs) {
      const machine = await readyMachine(module, kernel);
      ready.push(() => {
        const verdict = run(module, kernel, machine);
        // Its own test tells.
        verdict.catch(() => undefined);
        runs.set(module, verdict);
      });
    }
    for (const begin of ready) begin();
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  async function partsOf(module: string, kernel: Kernel): Promise<SoakParts> {
    const progress = new StreamProgress(process.stderr);
    const options = { wait: within(1_800_000), progress };
    try {
      const machine = machines.get(kernel) ?? (await gatherMachineParts(kernel, options));
      machines.set(kernel, machine);
      const recipe = driverRecipe({ module, source: 'tests/support/hangs', kernel });
      const artifact = (await ensureArtifacts([recipe], options)).get(recipe.name);
      if (artifact === undefined) throw new Error(`${recipe.name} was not built`);
      return withModule(machine, module, artifact);
    } finally {
      progress.close();
    }
  }

  /** A machine to go on with, and what made it; its driver is not loaded. */
  async function readyMachine(module: string, kernel: Kernel) {
    const parts = await partsOf(module, kernel);
    const machine = {
      ...({ cpus: 2, memoryMiB: memoryMiB[kernel], accel: 'tcg', kernel: parts.vmlinux } as const),
      initramfs: [parts.sshInitramfs, ...parts.archives],
      append: soakParameters,
      ...{ nics: linkedPair('ferronic'), qemu: parts.qemu, runDir: '' },
    };
    const { hashes, credentials } = parts;
    const guest = { ...hashes, credentials };
    const forked = await forkedMachine(machine, guest, templatesInCache(), within(240_000));
    return { ...forked, hashes, credentials };
  }

  async function run(
    module: string,
    kernel: Kernel,
    { machine, archives, hashes, credentials }: Awaited<ReturnType<typeof readyMachine>>,
  ): Promise<Verdict> {
    const world: World = {
      version: 1,
      artifacts: hashes,
      machine: { cpus: 2, memoryMiB: memoryMiB[kernel], mode: 'live', accel: 'tcg', kernel },
      target: 'ferronic',
      driver: { name: module, defect: null },
      workload: {
        name: 'none',
        params: { churnMs: 1_000, payloadBytes: 64, rounds: [], atEnd: [] },
      },
      plan: [],
      seed: 1,
    };
    const folder = await createRunFolder(root, newRunId(1, new Date()), world);
    return await runLive(
      world,
      {
        machine: { ...machine, runDir: folder.path },
        ...{ archives, credentials, pciId, folder },
        ...{ campaignId: 'watchdogs', cycle: 0 },
        cell: {
          ...{ target: 'ferronic', driver: module, defect: null, kernel, mode: 'live' },
          ...{ accel: 'tcg', profile: 'none', workload: 'none' },
        },
        symbolize: async ({ title }) => title,
      },
      within(240_000),
    );
  }

  for (const [module, , title] of hangs) {
    it(`is named once, by its cause: ${module}`, async () => {
      const verdict = await runs.get(module);
      expect(verdict?.outcome, verdict?.reason).to.equal('FAIL');
      const [first, ...others] = verdict?.crashes ?? [];
      expect(first?.title).to.match(title);
      expect(others).to.deep.equal([]);
    });
  }
});
