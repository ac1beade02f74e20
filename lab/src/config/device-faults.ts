// SPDX-License-Identifier: Apache-2.0

/** What a ferronic device can be told to do wrong; storms and flaps have plans of their own. */
export const deviceFaultKinds = [
  'irq-spurious',
  'irq-lost',
  'irq-late',
  'irq-wrong-vector',
  'intx-stuck',
  'completion-lost',
  'completion-late',
  'completion-duplicated',
  'completion-reordered',
  'dma-error',
  'dma-bit-flip',
  'dma-short-write',
  'rx-length-too-long',
  'rx-length-zero',
  'rx-bad-checksum',
  'all-ones',
  'dead',
  'reset-stuck',
  'aer-correctable',
  'aer-uncorrectable',
] as const;
export type DeviceFaultKind = (typeof deviceFaultKinds)[number];

/**
 * A fault of the device that stands from the first traffic on: how often, and to what, it happens its
 * trigger says. The members are those of the QMP command; QEMU checks them.
 */
export interface StandingFault {
  readonly kind: DeviceFaultKind;
  readonly [member: string]: unknown;
}
