// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { type BootInputs, gatherBootInputs } from '../../lab/src/cli/boot-inputs.ts';
import {
  type BootedVm,
  bootVm,
  linkUp,
  loadDriver,
  ping,
  unpackArchives,
} from '../../lab/src/run/boot-sequence.ts';
import { forkedMachine, type GuestMachine } from '../../lab/src/run/live-template.ts';
import { TemplateStore } from '../../lab/src/run/template-store.ts';
import { linkedPair, type MachineSpec } from '../../lab/src/vm/machine-spec.ts';

const within = (ms: number) => ({
  signal: new AbortController().signal,
  deadline: Deadline.after(ms),
});
const root = mkdtempSync(join(tmpdir(), 'ferrolab-forks-'));

describe('a guest that is forked from one that has booted', function () {
  this.timeout(300_000);
  let inputs: BootInputs;
  let forked: GuestMachine;

  before(async () => {
    const progress = new StreamProgress(process.stderr);
    const building = gatherBootInputs('fast', 'c', { wait: within(250_000), progress });
    inputs = await building.finally(() => progress.close());
    const { qemu, kernel, initramfs } = inputs;
    const machine: MachineSpec = {
      cpus: 2,
      memoryMiB: 256,
      accel: 'tcg',
      kernel,
      initramfs,
      append: [],
      nics: linkedPair('ferronic'),
      qemu,
      runDir: '',
    };
    const { parts, credentials } = inputs;
    const templates = new TemplateStore(join(root, 'templates'));
    forked = await forkedMachine(machine, { ...parts, credentials }, templates, within(120_000));
  });

  after(() => rmSync(root, { recursive: true }));

  async function fork(): Promise<BootedVm> {
    const runDir = mkdtempSync(join(root, 'run-'));
    return await bootVm({ ...forked.machine, runDir }, inputs.credentials, within(60_000));
  }

  async function says(booted: BootedVm, command: string): Promise<string> {
    const end = await booted.ssh.exec(command, within(30_000));
    if (end.kind !== 'exited' || end.code !== 0) throw new Error(JSON.stringify(end));
    return end.stdout.trim();
  }

  it('has the time of the host, though its own did not jump', async () => {
    await using guest = await fork();
    const ahead = Number(await says(guest, 'date +%s')) - Date.now() / 1_000;
    expect(ahead).to.be.within(-30, 5);
    const uptime = async () => Number.parseFloat(await says(guest, 'cat /proc/uptime'));
    const [since, before] = [performance.now(), await uptime()];
    expect(before).to.be.below(60);
    await delay(3_000);
    const passed = (await uptime()) - before;
    expect(passed).to.be.within(1, (performance.now() - since) / 1_000 + 0.1);
  });

  it('draws other random numbers than the next one', async () => {
    const draw = async () => {
      await using guest = await fork();
      return await says(guest, 'cat /proc/sys/kernel/random/uuid');
    };
    expect(await draw()).to.not.equal(await draw());
  });

  it('loads a driver that was not in it, and moves packets', async () => {
    await using guest = await fork();
    const wait = within(60_000);
    await unpackArchives(guest, forked.archives, wait);
    await loadDriver(guest, 'ferronic_c', wait);
    await linkUp(guest, 'ferronic_c', wait);
    const counts = await ping(guest, 50, wait);
    expect(counts).to.include({ sent: 50, received: 50, corrupted: 0 });
  });
});
