// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { cpioArchive } from '../vm/cpio-archive.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import type { TemplateCheck } from './template-store.ts';

const probeNs = 1e9;

/** A simulated machine whose runs differ is worth nothing. */
export const repeatCheck: TemplateCheck = {
  doing: 'looking whether it does the same twice',
  run: async (machine, wait) => {
    const [first, second] = [await probe(machine, wait), await probe(machine, wait)];
    if (first === second) return;
    throw new LabFailure('NOT_DETERMINISTIC', 'a saved machine does not do the same twice', {
      remedy: `Please report it: ${first} and ${second}.`,
    });
  },
};

/** What it takes the machine to do a little with a schedule that is drawn. */
async function probe(machine: MachineSpec, wait: Wait): Promise<string> {
  const scheduler = { policy: { policy: 'random', sliceMax: 20_000 }, seed: 1n } as const;
  await using loaded = await SimulatedMachine.load({ ...machine, simulation: { scheduler } }, wait);
  const script = '#!/bin/sh\ncat /proc/uptime /proc/interrupts\n';
  const task = cpioArchive([{ path: 'sim/run', mode: 0o755, content: script }]);
  const end = await loaded.run(task, probeNs, wait);
  const said = end.kind === 'done' ? end.stdout : end.kind;
  const hash = createHash('sha256').update(said).digest('hex').slice(0, 16);
  return `${await loaded.virtualNs(wait)} ns ${hash}`;
}
