// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { CommandRefusedError } from 'qemu-ipc/errors';
import { Deadline } from 'qemu-ipc/wait';
import { addTallies, countFault, deadFaultTypes, emptyTally } from '../../lab/src/fault-tally.ts';
import { parseDelivered, parseSweep } from '../../lab/src/faults/guest-alloc-failure.ts';
import { deviceTally, flapLink, type InjectionPort, inject } from '../../lab/src/faults/inject.ts';

const wait = { signal: new AbortController().signal, deadline: Deadline.never };

function portThat(execute: (command: string, args: unknown) => unknown): InjectionPort {
  return {
    execute: async (command: string, args: unknown) => execute(command, args),
  } as InjectionPort;
}

describe('a fault tally', () => {
  it('adds up by type', () => {
    const one = countFault(emptyTally, 'irq-storm', { requested: 10, delivered: 7 });
    const two = addTallies(one, countFault(one, 'link-flap', { requested: 2, delivered: 0 }));
    expect(two['irq-storm']).to.deep.equal({ requested: 20, delivered: 14 });
    expect(two['link-flap']).to.deep.equal({ requested: 2, delivered: 0 });
  });

  it('calls a type dead when it was asked for and never came, and only then', () => {
    const tally = countFault(
      countFault(emptyTally, 'irq-storm', { requested: 5, delivered: 1 }),
      'link-flap',
      { requested: 3, delivered: 0 },
    );
    expect(deadFaultTypes(tally)).to.deep.equal(['link-flap']);
  });
});

describe('live injection', () => {
  it('asks the device by its QOM path, with the number of messages that the length makes', async () => {
    const calls: unknown[] = [];
    const port = portThat((command, args) => calls.push([command, args]));
    const storm = {
      type: 'irq-storm',
      nic: 'nic1',
      vector: 2,
      rateHz: 5_000,
      ns: 20_000_000,
    } as const;
    expect(await inject(port, storm, wait)).to.equal('injected');
    expect(calls).to.deep.equal([
      [
        'ferronic-inject-irq-storm',
        { path: '/machine/peripheral/nic1', vector: 2, 'rate-hz': 5_000, count: 100 },
      ],
    ]);
  });

  it('takes a refusal for a device that is busy, and lets other errors through', async () => {
    const flap = { type: 'link-flap', nic: 'nic0', downNs: 1_000_000, count: 3 } as const;
    const refusing = portThat((command) => {
      throw new CommandRefusedError(command, 'GenericError', 'flaps in progress');
    });
    expect(await inject(refusing, flap, wait)).to.equal('busy');
    const broken = portThat(() => {
      throw new Error('gone');
    });
    const error = await inject(broken, flap, wait).catch((caught: unknown) => caught);
    expect(error).to.be.an('error').with.property('message', 'gone');
  });

  it('takes the link from a card that knows no faults, as often as it was asked to', async () => {
    const links: unknown[] = [];
    const port = {
      execute: async (_command: 'set_link', args: { name: string; up: boolean }) => {
        links.push(args.up);
      },
    };
    const flap = { type: 'link-flap', nic: 'nic1', downNs: 1_000_000, count: 2 } as const;
    expect(await flapLink(port, flap, wait)).to.equal(2);
    expect(links).to.deep.equal([false, true, false, true]);
    const gone = {
      execute: async () => {
        throw new CommandRefusedError('set_link', 'DeviceNotFound', 'no such device');
      },
    };
    expect(await flapLink(gone, flap, wait)).to.equal(0);
  });

  it('needs an answer of QEMU even where cards count nothing', async () => {
    const asked: string[] = [];
    const port = portThat((command) => {
      asked.push(command);
      return {} as never;
    });
    await deviceTally(port, [{ id: 'nic0', model: 'e1000e' }], wait);
    expect(asked).to.deep.equal(['query-status']);
  });

  it('sums what the devices say, whether numbers come as number or bigint', async () => {
    const port = portThat(() => ({
      'storm-interrupts-requested': 10n,
      'storm-interrupts-delivered': 6n,
      'storm-interrupts-masked': 4,
      'link-flaps-requested': 2,
      'link-flaps-delivered': 1,
      faults: [
        { kind: 'irq-storm', injected: 3, effective: 3 },
        { kind: 'irq-lost', injected: 2, effective: 1n },
        { kind: 'dma-error', injected: 1, effective: 1 },
      ],
    }));
    const nics = ['nic0', 'nic1'].map((id) => ({ id, model: 'ferronic' }));
    const tally = await deviceTally(port, nics, wait);
    expect(tally['irq-storm']).to.deep.equal({ requested: 20, delivered: 12 });
    expect(tally['link-flap']).to.deep.equal({ requested: 4, delivered: 2 });
    expect(tally['device-fault']).to.deep.equal({ requested: 6, delivered: 4 });
  });
});

describe('the output of lab-fault', () => {
  it('tells how many allocations failed', () => {
    expect(parseSweep('noise\nlab-fault: swept 7 delivered 6\n')).to.deep.equal({
      requested: 7,
      delivered: 6,
    });
    expect(parseDelivered('lab-fault: delivered 12\n')).to.equal(12);
  });

  it('tells nothing when it is not there', () => {
    expect(parseSweep('sh: lab-fault: not found')).to.equal(undefined);
    expect(parseDelivered('')).to.equal(undefined);
  });
});
