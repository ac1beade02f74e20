// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { CommandRefusedError } from 'qemu-ipc/errors';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { devicePlan } from '../../lab/src/faults/device-plan.ts';
import { drawDeviceFaults, mergePlans } from '../../lab/src/faults/draw-device-faults.ts';
import type { DeviceFault } from '../../lab/src/faults/fault.ts';
import {
  cancelDeviceFault,
  type InjectionPort,
  injectDeviceFault,
} from '../../lab/src/faults/inject.ts';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { FaultSchedule } from '../../lab/src/run/fault-schedule.ts';

const shape = {
  rounds: 20,
  nics: ['nic0', 'nic1'] as const,
  vectors: 9,
  trafficMs: Array.from({ length: 20 }, () => 1_000),
};
const wait: Wait = { signal: new AbortController().signal, deadline: Deadline.after(5_000) };

function draw(seed: number) {
  return drawDeviceFaults(new SeededRandom(seed), shape);
}

function faultsOf(seed: number): DeviceFault[] {
  return draw(seed).flatMap(({ fault }) => (fault.type === 'device-fault' ? [fault] : []));
}

describe('drawn faults of a device', () => {
  it('are the same for the same seed and others for another seed', () => {
    expect(draw(1)).to.deep.equal(draw(1));
    expect(draw(1)).not.to.deep.equal(draw(2));
  });

  it('come during traffic, in order of time, some in each round', () => {
    for (let round = 0; round < shape.rounds; round += 1) {
      const times = draw(3).filter(({ at }) => at.round === round);
      expect(times).not.to.deep.equal([]);
      expect(times.map(({ at }) => at.ns)).to.deep.equal(
        times.map(({ at }) => at.ns).sort((a, b) => a - b),
      );
      for (const { at } of times) {
        expect(at.phase).to.equal('traffic');
        expect(at.ns).to.be.within(0, 1e9);
      }
    }
  });

  it('are of many kinds, and leave the device alive', () => {
    const kinds = new Set(
      Array.from({ length: 30 }, (_, seed) => faultsOf(seed))
        .flat()
        .map(({ fault }) => fault.kind),
    );
    expect(kinds.size).to.equal(16);
    for (const deadly of [
      'dead',
      'surprise-removal',
      'reset-stuck',
      'aer-uncorrectable',
    ] as const) {
      expect(kinds.has(deadly)).to.equal(false);
    }
  });

  it('spoil no bytes that a driver could not tell from good ones', () => {
    for (const { fault } of Array.from({ length: 30 }, (_, seed) => faultsOf(seed)).flat()) {
      if (fault.kind === 'dma-bit-flip' || fault.kind === 'dma-short-write') {
        expect(fault).to.have.property('part', 'completion');
        expect(fault.engine).to.match(/^rx/);
      }
      if (fault.kind === 'completion-duplicated') {
        expect(fault.queue).to.match(/^tx/);
      }
    }
  });

  it('happen again in the same way: each has a seed, and a trigger that counts or rolls dice', () => {
    for (const { fault } of faultsOf(5)) {
      expect(fault.seed).to.be.a('number');
      expect(fault.trigger?.when).to.be.oneOf([
        'opportunity',
        'random',
        'descriptor',
        'interrupt',
        'register-write',
      ]);
    }
  });

  it('join another plan without changing its order', () => {
    const own = draw(1);
    const merged = mergePlans(own, draw(2));
    expect(merged).to.have.length(own.length + draw(2).length);
    expect(merged.filter((planned) => own.includes(planned))).to.deep.equal(own);
    const rounds = merged.map(({ at }) => at.round);
    expect(rounds).to.deep.equal([...rounds].sort((a, b) => a - b));
  });
});

describe('a schedule of faults from two plans', () => {
  it('makes them in the order of their times', async () => {
    const flap = { type: 'link-flap', nic: 'nic0', downNs: 1_000, count: 1 } as const;
    const lost = { type: 'device-fault', nic: 'nic0', fault: { kind: 'irq-lost' } } as const;
    const at = (ns: number) => ({ round: 0, phase: 'traffic', ns }) as const;
    const made: string[] = [];
    await new FaultSchedule([
      { at: at(2_000), fault: flap },
      { at: at(1_000), fault: lost },
    ]).play(
      0,
      'traffic',
      async ({ type }) => {
        made.push(type);
      },
      wait.signal,
    );
    expect(made).to.deep.equal(['device-fault', 'link-flap']);
  });
});

describe('the plan file of a device', () => {
  it('has the faults of its own NIC, in the words of QEMU', () => {
    const plan = devicePlan('nic0', [
      {
        ns: 5_000,
        fault: { type: 'irq-storm', nic: 'nic0', vector: 2, rateHz: 1_000, ns: 10_000_000 },
      },
      { ns: 6_000, fault: { type: 'link-flap', nic: 'nic1', downNs: 1_000, count: 2 } },
      { ns: 7_000, fault: { type: 'link-flap', nic: 'nic0', downNs: 1_000, count: 2 } },
      { ns: 8_000, fault: { type: 'device-fault', nic: 'nic0', fault: { kind: 'dead' } } },
    ]);
    expect(plan).to.deep.equal({
      version: 1,
      faults: [
        {
          kind: 'irq-storm',
          vector: 2,
          'rate-hz': 1_000,
          count: 10,
          trigger: { when: 'at', ns: 5_000 },
        },
        { kind: 'link-flap', 'down-ns': 1_000, count: 2, trigger: { when: 'at', ns: 7_000 } },
        { kind: 'dead', trigger: { when: 'at', ns: 8_000 } },
      ],
    });
  });

  it('leaves a trigger of its own to a fault that has one', () => {
    const trigger = { when: 'opportunity', nth: 3 } as const;
    const fault = {
      type: 'device-fault',
      nic: 'nic0',
      fault: { kind: 'irq-lost', trigger },
    } as const;
    expect(devicePlan('nic0', [{ ns: 1, fault }]).faults).to.deep.equal([
      { kind: 'irq-lost', trigger },
    ]);
  });

  it('is refused when it has more faults than a device keeps', () => {
    const fault = { type: 'device-fault', nic: 'nic0', fault: { kind: 'irq-lost' } } as const;
    const faults = Array.from({ length: 257 }, (_, ns) => ({ ns, fault }));
    expect(() => devicePlan('nic0', faults)).to.throw(RangeError, '257');
  });
});

describe('live injection of device faults', () => {
  const fault = { type: 'device-fault', nic: 'nic1', fault: { kind: 'irq-lost' } } as const;

  function portThat(answer: (command: string) => unknown) {
    const asked: unknown[] = [];
    const port = {
      execute: async (command: string, args: unknown) => {
        asked.push([command, args]);
        return answer(command);
      },
    } as InjectionPort;
    return { port, asked };
  }

  it('tells the device, and takes back by number what has not happened', async () => {
    const { port, asked } = portThat(() => ({ id: 7 }));
    expect(await injectDeviceFault(port, fault, wait)).to.equal(7);
    await cancelDeviceFault(port, 'nic1', 7, wait);
    const path = '/machine/peripheral/nic1';
    expect(asked).to.deep.equal([
      ['ferronic-inject-fault', { path, fault: { kind: 'irq-lost' } }],
      ['ferronic-cancel-fault', { path, id: 7 }],
    ]);
  });

  it('takes a refusal for a device that has gone, and lets other errors through', async () => {
    const { port } = portThat((command) => {
      throw new CommandRefusedError(command, 'GenericError', 'nothing at path');
    });
    expect(await injectDeviceFault(port, fault, wait)).to.equal(undefined);
    await cancelDeviceFault(port, 'nic1', 7, wait);
    const { port: broken } = portThat(() => {
      throw new Error('gone');
    });
    const error = await injectDeviceFault(broken, fault, wait).catch((caught: unknown) => caught);
    expect(error).to.be.an('error').with.property('message', 'gone');
  });
});
