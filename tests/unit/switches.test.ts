// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { listed, readSwitches } from '../../lab/src/run/switches.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

describe('the turns of a run', () => {
  const switches = [{ at: 7, cpu: 1, next: 'ffffffff81000000' }];

  it('are read as QEMU has written them down', async () => {
    const file = join(scratchFolder('switches'), 'switches.txt');
    writeFileSync(file, '0 1 0000000000000000\n120034 0 ffffffff8103caca\n');
    expect(await readSwitches(file)).to.deep.equal([
      { at: 0, cpu: 1, next: '0000000000000000' },
      { at: 120_034, cpu: 0, next: 'ffffffff8103caca' },
    ]);
  });

  it('become a schedule that takes none of them away by itself', () => {
    const turns = [[7, 1]];
    expect(listed({ policy: 'fair' }, switches)).to.deep.equal({ policy: 'list', turns });
    expect(listed({ policy: 'pct', depth: 3, horizon: 9 }, switches)).to.deep.equal({
      policy: 'list',
      turns,
      sliceMax: 200_000,
    });
    const long = { policy: 'random', sliceMax: 80_000, irqDelayMax: 5 } as const;
    expect(listed(long, switches)).to.deep.equal({
      policy: 'list',
      turns,
      sliceMax: 160_000,
      irqDelayMax: 5,
    });
  });
});
