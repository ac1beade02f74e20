// SPDX-License-Identifier: Apache-2.0
import { CommandRefusedError } from 'qemu-ipc/errors';
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import { sleep, type Wait } from 'qemu-ipc/wait';
import { countFault, emptyTally, type FaultCount, type FaultTally } from '../fault-tally.ts';
import { type DeviceFault, type IrqStorm, type LinkFlap, stormMessages } from './fault.ts';

/** The commands of a QMP connection that injection needs. */
export interface InjectionPort {
  execute(
    command: 'ferronic-inject-irq-storm',
    args: { path: string; vector: number; 'rate-hz': number; count: number },
    wait: Wait,
  ): Promise<unknown>;
  execute(
    command: 'ferronic-inject-link-flap',
    args: { path: string; 'down-ns': number; count: number },
    wait: Wait,
  ): Promise<unknown>;
  execute(
    command: 'ferronic-inject-fault',
    args: { path: string; fault: FerronicFault },
    wait: Wait,
  ): Promise<{ id: number }>;
  execute(
    command: 'ferronic-cancel-fault',
    args: { path: string; id: number },
    wait: Wait,
  ): Promise<unknown>;
  execute(command: 'query-status', args: Record<string, never>, wait: Wait): Promise<unknown>;
  execute(command: 'query-ferronic', args: { path: string }, wait: Wait): Promise<DeviceCounters>;
}

/** What a device says of the faults it was told to make; counts since the machine was started. */
export interface DeviceCounters {
  readonly 'storm-interrupts-requested': number | bigint;
  readonly 'storm-interrupts-delivered': number | bigint;
  readonly 'storm-interrupts-masked': number | bigint;
  readonly 'link-flaps-requested': number | bigint;
  readonly 'link-flaps-delivered': number | bigint;
  readonly faults: readonly {
    readonly kind: string;
    readonly injected: number | bigint;
    readonly effective: number | bigint;
  }[];
}

/** `busy`: the device is still at the last one of the kind, so this one did not happen. */
export type Injection = 'injected' | 'busy';

/** Tells the device to make a fault; the device makes it in its own (virtual) time. */
export async function inject(
  port: InjectionPort,
  fault: IrqStorm | LinkFlap,
  wait: Wait,
): Promise<Injection> {
  const path = qomPath(fault.nic);
  try {
    if (fault.type === 'irq-storm') {
      const { vector, rateHz } = fault;
      const args = { path, vector, 'rate-hz': rateHz, count: stormMessages(fault) };
      await port.execute('ferronic-inject-irq-storm', args, wait);
    } else {
      const args = { path, 'down-ns': fault.downNs, count: fault.count };
      await port.execute('ferronic-inject-link-flap', args, wait);
    }
    return 'injected';
  } catch (error) {
    if (error instanceof CommandRefusedError) {
      return 'busy';
    }
    throw error;
  }
}

/** The command of a QMP connection that a card needs which knows no faults. */
export interface LinkPort {
  execute(command: 'set_link', args: { name: string; up: boolean }, wait: Wait): Promise<unknown>;
}

/**
 * Takes the link of any card away and gives it back, by the host's clock, and returns how often. A card that is out of
 * its slot has none.
 */
export async function flapLink(
  port: LinkPort,
  { nic, downNs, count }: LinkFlap,
  wait: Wait,
): Promise<number> {
  const set = async (up: boolean) => {
    await port.execute('set_link', { name: nic, up }, wait);
    await sleep(downNs / 1e6, wait);
  };
  let flaps = 0;
  try {
    for (; flaps < count; flaps += 1) {
      await set(false);
      await set(true);
    }
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) {
      throw error;
    }
  }
  return flaps;
}

/** Gives a device a fault, which happens when its trigger fires. Its number; `undefined` when the device does not take it. */
export async function injectDeviceFault(
  port: InjectionPort,
  { nic, fault }: { readonly nic: string; readonly fault: FerronicFault },
  wait: Wait,
): Promise<number | undefined> {
  try {
    const args = { path: qomPath(nic), fault };
    return (await port.execute('ferronic-inject-fault', args, wait)).id;
  } catch (error) {
    if (error instanceof CommandRefusedError) {
      return undefined;
    }
    throw error;
  }
}

/** The fault as a device takes it that is to wait for its time, in nanoseconds of virtual time from now. */
export function faultAhead(
  fault: IrqStorm | LinkFlap | DeviceFault,
  afterNs: number,
): FerronicFault {
  const trigger = { when: 'after', ns: Math.max(1, Math.round(afterNs)) } as const;
  switch (fault.type) {
    case 'irq-storm': {
      const { vector, rateHz } = fault;
      return { kind: 'irq-storm', vector, 'rate-hz': rateHz, count: stormMessages(fault), trigger };
    }
    case 'link-flap':
      return { kind: 'link-flap', 'down-ns': fault.downNs, count: fault.count, trigger };
    case 'device-fault':
      // One that waits for something else comes when that does.
      return fault.fault.trigger === undefined ? { ...fault.fault, trigger } : fault.fault;
  }
}

/** Takes a fault back as far as it has not happened; what it withheld comes at once. */
export async function cancelDeviceFault(
  port: InjectionPort,
  nic: string,
  id: number,
  wait: Wait,
): Promise<void> {
  try {
    await port.execute('ferronic-cancel-fault', { path: qomPath(nic), id }, wait);
  } catch (error) {
    // The device has forgotten it, or has gone itself.
    if (!(error instanceof CommandRefusedError)) {
      throw error;
    }
  }
}

/** The faults that the devices were asked for and have made since the machine was started; other cards keep no count. */
export async function deviceTally(
  port: InjectionPort,
  nics: readonly { readonly id: string; readonly model: string }[],
  wait: Wait,
): Promise<FaultTally> {
  let tally = emptyTally;
  for (const { id, model } of nics) {
    if (model !== 'ferronic') {
      // QEMU has to answer for the count to be worth anything.
      await port.execute('query-status', {}, wait);
      continue;
    }
    const counters = await port.execute('query-ferronic', { path: qomPath(id) }, wait);
    tally = countFault(tally, 'irq-storm', {
      requested: Number(counters['storm-interrupts-requested']),
      delivered: Number(counters['storm-interrupts-delivered']),
    });
    tally = countFault(tally, 'link-flap', {
      requested: Number(counters['link-flaps-requested']),
      delivered: Number(counters['link-flaps-delivered']),
    });
    tally = countFault(tally, 'device-fault', misbehaviours(counters));
  }
  return tally;
}

function misbehaviours({ faults }: DeviceCounters): FaultCount {
  const others = faults.filter(({ kind }) => kind !== 'irq-storm' && kind !== 'link-flap');
  return {
    requested: others.reduce((sum, { injected }) => sum + Number(injected), 0),
    delivered: others.reduce((sum, { effective }) => sum + Number(effective), 0),
  };
}

function qomPath(nic: string): string {
  return `/machine/peripheral/${nic}`;
}
