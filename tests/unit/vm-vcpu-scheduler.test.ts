// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { schedulerObject, type VcpuSchedulerSpec } from '../../lab/src/vm/vcpu-scheduler.ts';

const inRunFolder = (file: string) => `/run/${file}`;

function object(spec: VcpuSchedulerSpec, restart = false): string {
  return schedulerObject(spec, { restart, inRunFolder });
}

describe('the scheduler of vCPUs on the command line', () => {
  it('draws from its seed, whatever its size', () => {
    const seed = 2n ** 64n - 1n;
    expect(object({ policy: { policy: 'random', sliceMax: 500 }, seed })).to.equal(
      'vcpu-scheduler,id=vcpus,policy=random,seed=18446744073709551615,slice-max=500,report=/run/schedule.json',
    );
  });

  it('starts anew in a machine that was saved', () => {
    expect(object({ policy: { policy: 'fair' }, seed: 1n }, true)).to.contain(',restart=on,');
  });

  it('takes turns from a file of the run', () => {
    expect(object({ policy: { policy: 'list', file: 'turns.txt' }, seed: 0n })).to.contain(
      ',turns=/run/turns.txt,',
    );
  });

  it('records the turns that it takes from vCPUs', () => {
    const policy = { policy: 'pct', depth: 3, horizon: 9 } as const;
    expect(object({ policy, seed: 0n, record: 'switches.txt' })).to.contain(
      ',depth=3,horizon=9,record=/run/switches.txt,',
    );
  });
});
