// SPDX-License-Identifier: Apache-2.0
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import { type DeviceFault, type IrqStorm, type LinkFlap, stormMessages } from './fault.ts';

/** A fault of a device at a virtual time of the machine, in nanoseconds. */
export interface TimedFault {
  readonly ns: number;
  readonly fault: IrqStorm | LinkFlap | DeviceFault;
}

/** What a device reads from the file of its property `fault-plan`. */
export interface DevicePlan {
  readonly version: 1;
  readonly faults: readonly FerronicFault[];
}

/** Most faults that a device keeps. */
const mostFaults = 256;

/**
 * The content of a device's `fault-plan` file: the faults of one NIC. A storm or a flap begins at its
 * time; any other fault that has no trigger of its own is armed at it.
 */
export function devicePlan(nic: string, faults: readonly TimedFault[]): DevicePlan {
  const planned = faults
    .filter(({ fault }) => fault.nic === nic)
    .map(({ ns, fault }) => plannedFault(ns, fault));
  if (planned.length > mostFaults) {
    throw new RangeError(`${planned.length} faults for ${nic}: a device takes ${mostFaults}`);
  }
  return { version: 1, faults: planned };
}

function plannedFault(ns: number, fault: IrqStorm | LinkFlap | DeviceFault): FerronicFault {
  const trigger = { when: 'at', ns } as const;
  switch (fault.type) {
    case 'irq-storm': {
      const { vector, rateHz } = fault;
      const count = stormMessages(fault);
      return { kind: 'irq-storm', vector, 'rate-hz': rateHz, count, trigger };
    }
    case 'link-flap':
      return { kind: 'link-flap', 'down-ns': fault.downNs, count: fault.count, trigger };
    case 'device-fault':
      return { trigger, ...fault.fault };
  }
}
