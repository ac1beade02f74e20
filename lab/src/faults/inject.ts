// SPDX-License-Identifier: Apache-2.0
import { CommandRefusedError } from 'qemu-ipc/errors';
import type { Wait } from 'qemu-ipc/wait';
import { countFault, emptyTally, type FaultTally } from '../fault-tally.ts';
import { type IrqStorm, type LinkFlap, stormMessages } from './fault.ts';

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
  execute(command: 'query-ferronic', args: { path: string }, wait: Wait): Promise<DeviceCounters>;
}

/** What a device says of the faults it was told to make; counts since the machine was started. */
export interface DeviceCounters {
  readonly 'storm-interrupts-requested': number | bigint;
  readonly 'storm-interrupts-delivered': number | bigint;
  readonly 'storm-interrupts-masked': number | bigint;
  readonly 'link-flaps-requested': number | bigint;
  readonly 'link-flaps-delivered': number | bigint;
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

/** The faults that the devices were asked for and have made since the machine was started. */
export async function deviceTally(
  port: InjectionPort,
  nics: readonly string[],
  wait: Wait,
): Promise<FaultTally> {
  let tally = emptyTally;
  for (const nic of nics) {
    const counters = await port.execute('query-ferronic', { path: qomPath(nic) }, wait);
    tally = countFault(tally, 'irq-storm', {
      requested: Number(counters['storm-interrupts-requested']),
      delivered: Number(counters['storm-interrupts-delivered']),
    });
    tally = countFault(tally, 'link-flap', {
      requested: Number(counters['link-flaps-requested']),
      delivered: Number(counters['link-flaps-delivered']),
    });
  }
  return tally;
}

function qomPath(nic: string): string {
  return `/machine/peripheral/${nic}`;
}
