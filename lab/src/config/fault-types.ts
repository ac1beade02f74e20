// SPDX-License-Identifier: Apache-2.0

/** Every type of fault, in the order of reports. */
export const faultTypes = ['irq-storm', 'link-flap', 'device-fault', 'alloc-failure'] as const;
export type FaultType = (typeof faultTypes)[number];

/** What comes with a workload that does not say: a device that works, in a world that does not. */
export const usualFaultTypes: readonly FaultType[] = ['irq-storm', 'link-flap', 'alloc-failure'];
