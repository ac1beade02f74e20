// SPDX-License-Identifier: Apache-2.0

/** Every type of fault, in the order of reports. */
export const faultTypes = ['irq-storm', 'link-flap', 'alloc-failure'] as const;
export type FaultType = (typeof faultTypes)[number];
