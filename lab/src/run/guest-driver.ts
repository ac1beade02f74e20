// SPDX-License-Identifier: Apache-2.0
import type { DriverTraits } from '../config/define-lab.ts';
import type { Leaving } from '../config/step-names.ts';
import type { FaultCount } from '../fault-tally.ts';
import type { AllocFailure } from '../faults/fault.ts';
import {
  armCommand,
  disarmCommand,
  parseDelivered,
  parseSweep,
  sweepCommand,
} from '../faults/guest-alloc-failure.ts';
import { type CommandEnd, type Guest, lastLine } from './guest.ts';
import { parseUptime } from './guest-clock.ts';
import { type ModuleSections, parseSections, sectionsCommand } from './module-sections.ts';
import { parsePing } from './ping.ts';
import { WorkloadEnded } from './workload-end.ts';

/** Address of the second NIC, which lies in a network namespace of its own. */
export const peerAddress = '10.0.0.2';
export const ownAddress = '10.0.0.1';

/** What is known of a driver beside its name. */
export interface DriverKnowledge {
  /** Told where the code of the module lies, each time after it was loaded. */
  readonly onLoad?: (sections: ModuleSections) => void;
  readonly traits?: DriverTraits | undefined;
}

/** Longest that a sweep takes to begin, and then for each allocation: a debug guest needs 2 to 4 s to bind and unbind. */
const sweepMs = 30_000;
const tryMs = 15_000;

/** The driver under test in a guest: loads it, binds it, uses it, unloads it. */
export class GuestDriver {
  readonly #guest: Guest;
  readonly #module: string;
  readonly #devices: readonly string[];
  readonly #onLoad: (sections: ModuleSections) => void;
  /** What its configuration says of it. */
  readonly traits: DriverTraits;

  private constructor(
    guest: Guest,
    module: string,
    devices: readonly string[],
    { onLoad = () => undefined, traits = {} }: DriverKnowledge,
  ) {
    this.#guest = guest;
    this.#module = module;
    this.#devices = devices;
    this.#onLoad = onLoad;
    this.traits = traits;
  }

  /** Finds the devices, and keeps the kernel from binding them by itself. */
  static async find(
    guest: Guest,
    module: string,
    pciId: string,
    known: DriverKnowledge = {},
  ): Promise<GuestDriver> {
    const [vendor, device] = pciId.split(':');
    const stdout = await guest.run(
      'looking for the devices',
      [
        'echo 0 >/sys/bus/pci/drivers_autoprobe',
        'for d in /sys/bus/pci/devices/*; do',
        'read -r v <$d/vendor; read -r i <$d/device',
        `[ $v$i != 0x${vendor}0x${device} ] || echo \${d##*/}`,
        'done; true',
      ].join('\n'),
    );
    const devices = stdout.split('\n').filter((line) => /^[0-9a-f:.]+$/.test(line));
    if (devices.length < 2) {
      const said = `found ${devices.length} devices ${pciId}, need 2`;
      throw new WorkloadEnded({ kind: 'refused', doing: 'looking for the devices', said });
    }
    return new GuestDriver(guest, module, devices, known);
  }

  /** The driver of devices that were found before, in a guest that was saved since. */
  static of(
    guest: Guest,
    module: string,
    devices: readonly string[],
    known: DriverKnowledge,
  ): GuestDriver {
    return new GuestDriver(guest, module, devices, known);
  }

  /** Name of the module, and of its folder among the PCI drivers. */
  get module(): string {
    return this.#module;
  }

  /** Addresses of its devices on the PCI bus. */
  get devices(): readonly string[] {
    return this.#devices;
  }

  /** Address of a device on the PCI bus: 0 is the one on this side of the link. */
  device(index: number): string {
    return this.#devices[index] ?? '';
  }

  /** The guest's uptime in milliseconds. */
  async uptimeMs(): Promise<number | undefined> {
    return parseUptime(await this.#guest.run('reading the uptime', 'cat /proc/uptime'));
  }

  /** Loads the module if it is not loaded; binds nothing. */
  async load(): Promise<void> {
    const module = this.#module;
    const stdout = await this.#guest.run(
      'loading the driver',
      `[ -d /sys/bus/pci/drivers/${module} ] || insmod /lib/modules/ferrolab/${module}.ko || exit 1
${sectionsCommand(module)}`,
    );
    this.#onLoad(parseSections(stdout));
  }

  /** Binds every device; `wrong` when the driver refuses one, as nothing stands in its way. */
  async bind(): Promise<void> {
    const end = await this.#guest.attempt('binding the driver', this.#forUnbound('bind'));
    if (!end.ok) {
      // A guest that is really out of memory is no proof against the driver.
      if (end.stderr.includes('Cannot allocate memory')) {
        throw new WorkloadEnded({
          kind: 'refused',
          doing: 'binding the driver',
          said: lastLine(end),
        });
      }
      throw new WorkloadEnded({
        kind: 'wrong',
        title: `probe of ${this.#module} fails without an injected fault`,
        detail: lastLine(end),
      });
    }
  }

  /** Takes the driver off every device. */
  async unbind(): Promise<void> {
    await this.#guest.run('unbinding the driver', this.#forBound('unbind'));
  }

  /** Binds the first device again and again, with one allocation after the other failing. */
  async sweepBind(fault: AllocFailure): Promise<FaultCount> {
    await this.unbind();
    return await this.#sweep('bind', fault);
  }

  /** Opens the first device again and again, with one allocation after the other failing. */
  async sweepOpen(fault: AllocFailure): Promise<FaultCount> {
    return await this.#sweep('open', fault);
  }

  /** Makes allocations fail by chance until `disarm`. */
  async arm(fault: AllocFailure): Promise<void> {
    if (fault.pick.kind === 'chance') {
      await this.#guest.run('arming allocation failures', armCommand(this.#module, fault.pick));
    }
  }

  /** Ends `arm`; the number of failures delivered. */
  async disarm(): Promise<number> {
    const stdout = await this.#guest.run('disarming allocation failures', disarmCommand);
    return parseDelivered(stdout) ?? 0;
  }

  /** Brings the link up and checks that packets pass; `wrong` when they do not. */
  async linkUp(): Promise<void> {
    const end = await this.#guest.attempt('bringing the link up', `lab-link up ${this.#module}`);
    if (!end.ok) {
      throw new WorkloadEnded(linkFailure(this.#module, end));
    }
    await this.provesTraffic();
  }

  /** Checks that packets pass through a link that is up; `wrong` when none does. */
  async provesTraffic(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      // A storm or a flap may still be under way: a lost packet proves nothing, silence does.
      const ping = `ping -q -i 0.05 -c 5 -W 2 ${peerAddress}`;
      const { received } = parsePing((await this.#guest.attempt('pinging', ping)).stdout);
      if (received > 0) {
        return;
      }
      if (attempt === 4) {
        throw new WorkloadEnded({
          kind: 'wrong',
          title: `no packets pass through ${this.#module} although the link is up`,
          detail: `${attempt * 5} pings, no answer`,
        });
      }
      await this.#guest.rest(500);
    }
  }

  /** Brings the link down and both devices back together; the driver stays bound. */
  async linkDown(): Promise<void> {
    await this.#guest.run('bringing the link down', 'lab-link down');
  }

  /** Brings everything back to where a round begins, whatever is left of it. */
  async restore(): Promise<void> {
    await this.load();
    await this.bind();
    const end = await this.#guest.attempt('joining the devices again', this.#rejoin());
    if (!end.ok) {
      throw new WorkloadEnded(linkFailure(this.#module, end));
    }
    await this.provesTraffic();
  }

  /**
   * What `lab-link up` does, as far as it has to be done again: a device that was bound anew has lost
   * its address, and appears on this side of the link.
   */
  #rejoin(): string {
    const [near, far] = this.#devices.map((device) => `/sys/bus/pci/devices/${device}/net`);
    return `
for l in ${near}/*; do near=\${l##*/}; done
[ -e ${near}/$near ] || { echo 'no interface here'; exit 1; }
ip -batch - <<-END || exit 1
	addr replace ${ownAddress}/24 dev $near
	link set dev $near up
END
for l in ${far}/*; do
	[ -e $l ] || continue
	far=\${l##*/}
	ip link set dev $far netns peer || exit 1
	ip -n peer -batch - <<-END || exit 1
		addr replace ${peerAddress}/24 dev $far
		link set dev $far up
	END
done
tries=0
until read -r carrier <${near}/$near/carrier && [ "$carrier" = 1 ]; do
	tries=$((tries + 1))
	[ $tries -le 500 ] || { echo "no carrier on $near"; exit 1; }
	sleep 0.01
done 2>/dev/null`;
  }

  /** What the driver has in /proc for its devices: patterns of the shell. */
  get procFiles(): readonly string[] {
    const { proc } = this.traits.files ?? {};
    return proc === undefined
      ? []
      : this.#devices.map((device) => proc.replaceAll('{device}', device));
  }

  /** Sends as much as it can both ways for `ms`, and reads the statistics meanwhile. */
  async traffic(ms: number, payloadBytes: number): Promise<void> {
    const seconds = Math.max(1, Math.ceil(ms / 1_000));
    const ping = `ping -q -f -w ${seconds} -s ${payloadBytes}`;
    const stdout = await this.#guest.run(
      'passing traffic',
      [
        `${ping} ${peerAddress} &`,
        `ip netns exec peer ${ping} ${ownAddress} &`,
        ...this.procFiles.map((files) => `cat ${files} >/dev/null 2>&1`),
        `for l in /sys/bus/pci/drivers/${this.#module}/*/net/*; do`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
        'ethtool -S ${l##*/} >/dev/null 2>&1; done',
        'wait',
      ].join('\n'),
    );
    const corrupted = parsePing(stdout).corrupted;
    if (corrupted > 0) {
      throw new WorkloadEnded({
        kind: 'wrong',
        title: `packets corrupted on their way through ${this.#module}`,
        detail: `${corrupted} packets came back with another payload`,
      });
    }
  }

  /** Takes the driver away from its devices in the given way. */
  async leave(how: Leaving): Promise<void> {
    switch (how) {
      case 'rmmod':
        await this.#guest.run('unloading the driver', `rmmod ${this.#module}`);
        return;
      case 'unbind':
        await this.unbind();
        return;
      case 'down':
        await this.linkDown();
        return;
    }
  }

  async #sweep(step: 'bind' | 'open', { pick }: AllocFailure): Promise<FaultCount> {
    const device = this.#devices[0];
    if (pick.kind !== 'nth' || device === undefined) {
      return { requested: 0, delivered: 0 };
    }
    const doing = `failing allocations during ${step}`;
    const stdout = await this.#guest.run(
      doing,
      sweepCommand(step, this.#module, device, pick),
      sweepMs + pick.tries * tryMs,
    );
    return parseSweep(stdout) ?? { requested: pick.tries, delivered: 0 };
  }

  #forUnbound(file: 'bind'): string {
    return this.#forDevices('[ -e $p/$d ] ||', file);
  }

  #forBound(file: 'unbind'): string {
    return this.#forDevices('[ ! -e $p/$d ] ||', file);
  }

  #forDevices(condition: string, file: string): string {
    return [
      `p=/sys/bus/pci/drivers/${this.#module} s=0`,
      `for d in ${this.#devices.join(' ')}; do ${condition} echo $d >$p/${file} || s=1; done`,
      'exit $s',
    ].join('\n');
  }
}

function linkFailure(module: string, end: CommandEnd) {
  const said = lastLine(end);
  return said.includes('no carrier')
    ? ({ kind: 'wrong', title: `the link of ${module} does not come up`, detail: said } as const)
    : ({ kind: 'refused', doing: 'bringing the link up', said } as const);
}
