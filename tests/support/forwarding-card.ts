// SPDX-License-Identifier: Apache-2.0
// A card whose driver sends back the frames of the generator inside it, in a network namespace of its own.

import { setTimeout as delay } from 'node:timers/promises';
import type { FerronicFault, FerronicTraffic } from 'qemu-ipc/qapi.gen';
import type { BootedVm } from '../../lab/src/run/boot-sequence.ts';
import type { Guest } from '../../lab/src/run/guest.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';
import { nicDevice } from '../../lab/src/vm/qemu-command-line.ts';
import { type Module, within } from './endurance-guest.ts';

/** A neighbour and a route go with the link. */
const routes = `
ip -n $ns neigh replace 198.18.0.2 lladdr 02:fe:00:00:00:01 dev forward nud permanent
ip -n $ns route replace 198.18.1.0/24 via 198.18.0.2 dev forward`;

/** What docs/faults.md tells a user to do. */
const attach = `
[ -e /run/netns/$ns ] || ip netns add $ns || exit 1
d=/sys/bus/pci/drivers/$module/$bdf
[ -e $d ] || echo $bdf >/sys/bus/pci/drivers/$module/bind || exit 1
for l in $d/net/*; do dev=\${l##*/}; done
ip link set dev $dev name forward netns $ns || exit 1
set -e
ip -n $ns addr add 198.18.0.1/24 dev forward
ip -n $ns link set dev forward up
ip netns exec $ns sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
  net.ipv4.conf.forward.send_redirects=0 net.ipv4.conf.forward.rp_filter=0
${routes}`;

/** A device that the driver has given up is tried once a second. */
const restart = `
ip -n $ns link set dev forward down || exit 1
tries=0
until ip -n $ns link set dev forward up; do
	tries=$((tries + 1))
	[ $tries -le 60 ] || { echo 'the interface does not come up again'; exit 1; }
	sleep 0.25
done 2>/dev/null
set -e
${routes}`;

/** The sink has seen all that will come when it has seen nothing new for this long. */
const settledMs = 1_500;

export class ForwardingCard {
  readonly nic: string;
  readonly bdf: string;
  readonly module: Module;
  readonly #guest: Guest;
  readonly #qmp: BootedVm['vm']['qmp'];
  #runs = 0;

  constructor(card: { nic: string; bdf: string; module: Module }, guest: Guest, vm: BootedVm) {
    this.nic = card.nic;
    this.bdf = card.bdf;
    this.module = card.module;
    this.#guest = guest;
    this.#qmp = vm.vm.qmp;
  }

  get path(): string {
    return `/machine/peripheral/${this.nic}`;
  }

  /** Binds the driver and lets the guest forward. */
  async attach(): Promise<void> {
    await this.run('letting a card forward', attach);
  }

  /** Takes the interface down and up, after which nothing is left of what the device has done wrong. */
  async restart(): Promise<void> {
    await this.run('starting a card anew', restart);
  }

  async run(doing: string, script: string): Promise<string> {
    const names = `ns=forward-${this.nic} module=${this.module} bdf=${this.bdf}`;
    return await this.#guest.run(doing, `${names}\n${script}`);
  }

  /** Sends from now on, without end unless there is a count. */
  async send(rate: number, count?: number): Promise<void> {
    this.#runs += 1;
    const { path } = this;
    const traffic = { path, rate, sizes: 'imix', flows: 16, seed: this.#runs } as const;
    const args = count === undefined ? traffic : { ...traffic, count };
    await this.#qmp.execute('ferronic-traffic-start', args, within(10_000));
  }

  async stopSending(): Promise<void> {
    await this.#qmp.execute('ferronic-traffic-stop', { path: this.path }, within(10_000));
  }

  async sink(): Promise<FerronicTraffic> {
    return await this.#qmp.execute('query-ferronic-traffic', { path: this.path }, within(10_000));
  }

  /** What the sink has seen when no more comes. */
  async settled(): Promise<FerronicTraffic> {
    let before = -1;
    for (;;) {
      const seen = await this.sink();
      const now = Number(seen.received);
      if (!seen.running && now === before) return seen;
      before = now;
      await delay(settledMs);
    }
  }

  async inject(fault: FerronicFault): Promise<void> {
    await this.#qmp.execute('ferronic-inject-fault', { path: this.path, fault }, within(10_000));
  }

  /** Takes back what has not happened. */
  async settleFaults(): Promise<void> {
    await this.#qmp.execute('ferronic-cancel-fault', { path: this.path }, within(10_000));
  }

  /** Puts a card into a slot that is empty. */
  async putIn(): Promise<void> {
    const spec = linkedPair('ferronic').find(({ id }) => id === this.nic);
    if (spec === undefined) throw new Error(`there is no ${this.nic}`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const args: { driver: string } & Record<string, unknown> = nicDevice(spec);
        await this.#qmp.execute('device_add', args, within(10_000));
        return;
      } catch (error) {
        // The last of the one that was there goes a moment later.
        if (attempt === 20) throw error;
        await delay(200);
      }
    }
  }

  /** How often each kind of fault has had its effect, since the device was put in. */
  async effective(): Promise<ReadonlyMap<string, number>> {
    const { faults } = await this.#qmp.execute(
      'query-ferronic',
      { path: this.path },
      within(10_000),
    );
    return new Map(faults.map(({ kind, delivered }) => [kind, Number(delivered)]));
  }
}
