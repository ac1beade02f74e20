// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ferrolabJson } from '../support/ferrolab.ts';

interface RunDocument {
  readonly world: string;
  readonly run: string;
  readonly verdict: string;
  readonly consoleSha256: string;
  readonly virtualNs: number;
  readonly instructions: number;
}

const dir = mkdtempSync(join(tmpdir(), 'ferrolab-sim-'));
const options = { env: { LAB_STATE_DIR: join(dir, 'state') }, timeoutMs: 600_000 };

/** A world with a little traffic, whose module comes and goes. */
function world(seed: number, policy: object): string {
  const path = join(dir, `world-${seed}.json`);
  const steps = [
    { step: 'traffic', trafficMs: 1_000 },
    { step: 'unload', how: 'rmmod' },
    { step: 'bind' },
    { step: 'open' },
  ];
  const params = { churnMs: 60_000, payloadBytes: 1_000, rounds: [{ steps }], atEnd: [] };
  const content = {
    version: 1,
    machine: { cpus: 2, memoryMiB: 256, mode: 'sim', kernel: 'fast' },
    target: 'ferronic',
    driver: { name: 'ferronic_c', defect: null },
    workload: { name: 'traffic-churn', params },
    plan: [
      {
        at: { ns: 100_000_000, round: 0, phase: 'traffic' },
        fault: { type: 'link-flap', nic: 'nic0', downNs: 20_000_000, count: 2 },
      },
    ],
    seed,
    schedule: policy,
  };
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function run(path: string): Promise<RunDocument> {
  const { exitCode, document, said } = await ferrolabJson<RunDocument>(['run', path], options);
  expect(exitCode, said).to.equal(0);
  expect(document.verdict).to.equal('PASS');
  return document;
}

describe('a simulated world', function () {
  this.timeout(1_200_000);

  for (const policy of [
    { policy: 'random', sliceMax: 20_000, irqDelayMax: 1_000 },
    { policy: 'pct', depth: 3, horizon: 500_000_000 },
  ]) {
    it(`runs the same every time with the policy ${policy.policy}, and otherwise with another seed`, async () => {
      const first = await run(world(1, policy));
      const { world: id, consoleSha256, virtualNs, instructions } = await run(world(1, policy));
      expect({ id, consoleSha256, virtualNs, instructions }).to.deep.equal({
        id: first.world,
        consoleSha256: first.consoleSha256,
        virtualNs: first.virtualNs,
        instructions: first.instructions,
      });
      const other = await run(world(2, policy));
      expect(other.instructions).to.not.equal(first.instructions);
    });
  }

  it('comes back by the id of its run', async () => {
    const { run: id } = await run(world(3, { policy: 'fair' }));
    const { exitCode, document } = await ferrolabJson<{ identical: boolean }>(
      ['repro', id],
      options,
    );
    expect(document.identical).to.equal(true);
    expect(exitCode).to.equal(0);
  });
});
