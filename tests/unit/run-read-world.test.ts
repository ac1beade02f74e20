// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../lab/src/errors.ts';
import { parseWorld, readWorld } from '../../lab/src/run/read-world.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const good = {
  version: 1,
  machine: { cpus: 2, memoryMiB: 256, mode: 'sim', kernel: 'fast' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: null },
  workload: { name: 'traffic-churn' },
  seed: 17,
  schedule: { policy: 'random', sliceMax: 20_000 },
};

/** What a document is refused with. */
function refusal(document: unknown): UsageError {
  try {
    parseWorld(document, 'w.json');
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a world in a file', () => {
  it('is taken with what it leaves out left to the lab', () => {
    expect(parseWorld(good, 'w.json')).to.deep.equal(good);
  });

  const mistakes: readonly (readonly [what: string, change: object, said: RegExp])[] = [
    ['no vCPU', { machine: { ...good.machine, cpus: 0 } }, /machine\.cpus: .*>=1/],
    [
      'a kernel that there is not',
      { machine: { ...good.machine, kernel: 'slow' } },
      /machine\.kernel: .*fast.*debug/,
    ],
    ['a member that nobody knows', { machine: { ...good.machine, speed: 1 } }, /machine: .*speed/],
    ['live mode', { machine: { ...good.machine, mode: 'live' } }, /machine\.mode: .*sim/],
    [
      'a hash that is none',
      { artifacts: { qemu: 'sha256:12', kernel: '', initramfs: '', driver: '' } },
      /artifacts\.qemu: must be sha256:/,
    ],
    ['a policy that there is not', { schedule: { policy: 'lottery' } }, /schedule\.policy/],
    [
      'turns that go to no vCPU',
      { schedule: { policy: 'list', turns: [[5, -1]] } },
      /schedule\.turns\.0\.1: /,
    ],
    [
      'a step that there is not',
      {
        workload: {
          name: 'x',
          params: {
            churnMs: 1,
            payloadBytes: 1,
            rounds: [{ steps: [{ step: 'dance' }] }],
            atEnd: [],
          },
        },
      },
      /workload\.params\.rounds\.0\.steps\.0\.step/,
    ],
    ['a seed that is no number', { seed: 'often' }, /seed: /],
  ];

  for (const [what, change, said] of mistakes) {
    it(`is refused with ${what}, and the place is named`, () => {
      const { message, exitStatus } = refusal({ ...good, ...change });
      expect(message).to.match(/^w\.json is not a world:/);
      expect(message).to.match(said);
      expect(exitStatus).to.equal(2);
    });
  }

  it('of a newer version is refused as such, whatever else is in it', () => {
    expect(refusal({ version: 2, novelty: true }).message).to.equal(
      'w.json: version 2 is newer than this lab',
    );
  });

  it('that is cut off is refused with the place', async () => {
    const path = join(scratchFolder('world'), 'cut.json');
    writeFileSync(path, JSON.stringify(good).slice(0, 40));
    const error = await readWorld(path).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(UsageError);
    expect(String((error as UsageError).cause)).to.match(/position 40/);
  });
});
