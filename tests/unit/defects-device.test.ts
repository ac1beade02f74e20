// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { CommandRefusedError } from 'qemu-ipc/errors';
import { Deadline } from 'qemu-ipc/wait';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { drawWorld, type WorldBase } from '../../lab/src/run/draw-world.ts';
import { Slots } from '../../lab/src/run/slot.ts';
import { injectStandingFault } from '../../lab/src/run/standing-faults.ts';
import { WorkloadEnded } from '../../lab/src/run/workload-end.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';

const never = new AbortController().signal;
const wait = { signal: never, deadline: Deadline.after(1_000) };
const usual = ferronicTarget.workloads['traffic-churn'];
const base: WorldBase = {
  artifacts: { qemu: 'sha256:1', kernel: 'sha256:2', initramfs: 'sha256:3', driver: 'sha256:4' },
  machine: { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: null },
  device: ferronicTarget.device,
  faults: ferronicTarget.faults,
  workloadName: 'traffic-churn',
  workload: usual,
  nics: ['nic0', 'nic1'],
};

/** A QMP connection that remembers its commands, and refuses those named. */
function port(refused: readonly string[] = [], deleted: readonly string[] = []) {
  const commands: { command: string; args: unknown }[] = [];
  return {
    commands,
    execute: async (command: string, args: unknown) => {
      commands.push({ command, args });
      if (refused.includes(command)) {
        throw new CommandRefusedError(command, 'CommandNotFound', 'not found');
      }
      return {};
    },
    events: async function* () {
      for (const device of deleted) yield { data: { device } };
      await new Promise(() => undefined);
    },
  };
}

async function endOf(act: Promise<unknown>) {
  const error = await act.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof WorkloadEnded ? error.end : error;
}

describe('standing faults of a device', () => {
  const fault = { kind: 'rx-length-too-long', trigger: { when: 'random', ppm: 2_000 } } as const;

  it('are given to each device with a seed of its own, and change nothing else in the world', () => {
    const plain = drawWorld(base, 5);
    const world = drawWorld({ ...base, workload: { ...usual, deviceFaults: [fault] } }, 5);
    expect(world.plan).to.deep.equal(plain.plan);
    expect(world.workload.params.rounds).to.deep.equal(plain.workload.params.rounds);
    const drawn = world.workload.params.deviceFaults ?? [];
    expect(drawn.map(({ nic }) => nic)).to.deep.equal(['nic0', 'nic1']);
    expect(new Set(drawn.map(({ seed }) => seed)).size).to.equal(2);
    expect(plain.workload.params).not.to.have.property('deviceFaults');
  });

  it('go to the device as they are, with the seed', async () => {
    const qmp = port();
    await injectStandingFault(qmp, { nic: 'nic1', fault, seed: 9 }, wait);
    expect(qmp.commands).to.deep.equal([
      {
        command: 'ferronic-inject-fault',
        args: { path: '/machine/peripheral/nic1', fault: { seed: 9, ...fault } },
      },
    ]);
  });

  it('that the device does not know are an error of the test', async () => {
    const qmp = port(['ferronic-inject-fault']);
    const end = await endOf(injectStandingFault(qmp, { nic: 'nic0', fault, seed: 9 }, wait));
    expect(end).to.include({ kind: 'refused', doing: 'telling the device of rx-length-too-long' });
  });
});

describe('the slot of a device', () => {
  const nics = linkedPair('ferronic');

  it('loses the device without notice, and gets the same one back once QEMU has forgotten it', async () => {
    const qmp = port([], ['nic0', 'nic1']);
    const slots = new Slots(qmp, nics, never);
    await slots.remove(2);
    await slots.giveBack(2);
    expect(qmp.commands.map(({ command }) => command)).to.deep.equal([
      'ferronic-inject-fault',
      'device_del',
      'device_add',
    ]);
    expect(qmp.commands.at(-1)?.args).to.include({
      driver: 'ferronic',
      id: 'nic1',
      bus: 'nic1-port',
      netdev: 'nic1-link',
      mac: nics[1].mac,
    });
  });

  it('is told ahead of the time where nothing can be done while the guest works', async () => {
    const qmp = port([], ['nic0', 'nic1']);
    const rested: number[] = [];
    const rest = async (ms: number) => {
      rested.push(ms);
    };
    const slots = new Slots(qmp, nics, never, { rest, ahead: true });
    let commandsBefore = 0;
    await slots.removeDuring(1, 500, async () => {
      commandsBefore = qmp.commands.length;
    });
    expect(commandsBefore).to.equal(1);
    expect(qmp.commands[0]?.args).to.deep.equal({
      path: '/machine/peripheral/nic0',
      fault: { kind: 'surprise-removal', trigger: { when: 'after', ns: 500_000_000 } },
    });
    expect(rested).to.deep.equal([]);
  });

  it('is an error of the test where the device cannot be removed', async () => {
    const slots = new Slots(port(['ferronic-inject-fault']), nics, never);
    expect(await endOf(slots.remove(1))).to.include({ kind: 'refused' });
  });
});
