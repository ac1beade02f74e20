// SPDX-License-Identifier: Apache-2.0
// The card's own traffic generator, a guest that forwards its frames, and the card's sink as the witness.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { FerronicFault, FerronicTraffic } from 'qemu-ipc/qapi.gen';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { gatherBootInputs } from '../../lab/src/cli/boot-inputs.ts';
import { type BootedVm, bootVm, loadDriver } from '../../lab/src/run/boot-sequence.ts';
import type { NicSpec } from '../../lab/src/vm/machine-spec.ts';

const path = '/machine/peripheral/nic0';
const nic: NicSpec = {
  id: 'nic0',
  model: 'ferronic',
  mac: '52:54:00:fe:00:01',
  backend: { kind: 'sink' },
  log: 'nic0.ndjson',
};

/** What docs/faults.md tells a user to do. */
const forward = `
dev=$(ls /sys/bus/pci/drivers/$module/*/net)
ip addr add 198.18.0.1/24 dev $dev
ip link set dev $dev up
ip neigh add 198.18.0.2 lladdr 02:fe:00:00:00:01 dev $dev nud permanent
ip route add 198.18.1.0/24 via 198.18.0.2 dev $dev
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
  net.ipv4.conf.$dev.send_redirects=0 net.ipv4.conf.$dev.rp_filter=0
`;

/** Faults of the device that a driver can live through; none of them shows as a wrong checksum. */
const survivable: readonly FerronicFault[] = [
  { kind: 'irq-spurious', vector: 1, ...often() },
  { kind: 'irq-late', 'delay-ns': 200_000, ...often() },
  { kind: 'completion-late', 'delay-ns': 100_000, ...often() },
  { kind: 'completion-duplicated', 'delay-ns': 100_000, ...often() },
  { kind: 'dma-bit-flip', part: 'data', ...often() },
  { kind: 'rx-length-too-long', excess: 5_000, ...often() },
  { kind: 'rx-length-zero', ...often() },
  { kind: 'rx-bad-checksum', ...often() },
];

function often() {
  const trigger = { when: 'random', ppm: 5_000 } as const;
  return { times: 1_000_000, seed: 11, trigger };
}

function within(ms: number): Wait {
  return { signal: new AbortController().signal, deadline: Deadline.after(ms) };
}

for (const [driver, module] of [
  ['rust', 'ferronic'],
  ['c', 'ferronic_c'],
] as const) {
  describe(`the ${driver} driver, forwarding the frames of its own card`, function () {
    this.timeout(300_000);
    let booted: BootedVm;
    let runDir: string;

    before(async () => {
      runDir = mkdtempSync(join(tmpdir(), 'ferrolab-traffic-'));
      const progress = new StreamProgress(process.stderr);
      const options = { wait: { ...within(0), deadline: Deadline.never }, progress };
      const inputs = await gatherBootInputs('fast', driver, options).finally(() =>
        progress.close(),
      );
      const { qemu, kernel, initramfs, credentials } = inputs;
      booted = await bootVm(
        {
          ...{ cpus: 2, memoryMiB: 256, accel: 'tcg', append: [] },
          ...{ kernel, initramfs, nics: [nic], qemu, runDir },
        },
        credentials,
        within(120_000),
      );
      await loadDriver(booted, module, within(60_000));
      await inGuest(forward);
    });

    after(async () => {
      await booted?.[Symbol.asyncDispose]();
      rmSync(runDir, { recursive: true, force: true });
    });

    async function inGuest(script: string): Promise<string> {
      const result = await booted.ssh.exec(`set -e; module=${module}\n${script}`, within(60_000));
      if (result.kind !== 'exited' || result.code !== 0) {
        throw new Error(`in the guest: ${JSON.stringify(result)}`);
      }
      return result.stdout;
    }

    function sink(): Promise<FerronicTraffic> {
      return booted.vm.qmp.execute('query-ferronic-traffic', { path }, within(10_000));
    }

    /** Lets `count` frames through, and waits until no more come back. */
    async function pass(count: number): Promise<FerronicTraffic> {
      const traffic = { path, rate: 10_000, sizes: 'imix', flows: 16, count, seed: 5 } as const;
      await booted.vm.qmp.execute('ferronic-traffic-start', traffic, within(10_000));
      let before = -1;
      for (;;) {
        await delay(500);
        const { running, received, ...rest } = await sink();
        const now = Number(received);
        if (!running && now === before) return { running, received, ...rest };
        before = now;
      }
    }

    async function violations(): Promise<unknown> {
      const told = await booted.vm.qmp.execute(
        'query-ferronic-violations',
        { path },
        within(10_000),
      );
      return told.rules.filter((rule) => Number(rule.count) > Number(rule['under-fault']));
    }

    it('loses, repeats, reorders and changes none of 20,000', async () => {
      const seen = await pass(20_000);
      expect(seen).to.deep.include({ sent: 20_000, received: 20_000, missing: 0 });
      expect(seen).to.deep.include({ duplicated: 0, reordered: 0, stale: 0 });
      expect(seen).to.deep.include({ truncated: 0, 'bad-checksum': 0, corrupt: 0 });
      expect(await violations()).to.deep.equal([]);
    });

    it('passes on nothing that is silently wrong while its card is broken, and keeps the rules', async () => {
      for (const fault of survivable) {
        await booted.vm.qmp.execute('ferronic-inject-fault', { path, fault }, within(10_000));
      }
      const seen = await pass(20_000);
      const faults = await booted.vm.qmp.execute('query-ferronic-faults', { path }, within(10_000));
      await booted.vm.qmp.execute('ferronic-cancel-fault', { path }, within(10_000));
      for (const { kind, delivered } of faults) expect(Number(delivered), kind).to.be.above(0);
      const damaged = Number(seen.corrupt) + Number(seen.truncated);
      expect(damaged).to.be.at.most(Number(seen.tainted));
      expect(Number(seen.received)).to.be.above(0);
      expect(await violations()).to.deep.equal([]);
    });

    it('is as good as before when the card is whole again and the driver has started anew', async () => {
      await inGuest('dev=$(ls /sys/bus/pci/drivers/$module/*/net); ip link set dev $dev down');
      await inGuest(`
dev=$(ls /sys/bus/pci/drivers/$module/*/net)
ip link set dev $dev up
ip neigh replace 198.18.0.2 lladdr 02:fe:00:00:00:01 dev $dev nud permanent
ip route replace 198.18.1.0/24 via 198.18.0.2 dev $dev`);
      expect(await pass(5_000)).to.deep.include({ received: 5_000, missing: 0, corrupt: 0 });
    });
  });
}
