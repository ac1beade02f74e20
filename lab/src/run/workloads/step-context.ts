// SPDX-License-Identifier: Apache-2.0
import type { FaultCount } from '../../fault-tally.ts';
import type { Guest } from '../guest.ts';
import type { GuestDriver } from '../guest-driver.ts';

/** Takes a card out of its slot without a word to the guest, and puts it back. Slots count from 1. */
export interface SurpriseRemoval {
  /** Does `work`, and takes the card out when so much of the guest's time has passed. */
  removeDuring(slot: number, afterMs: number, work: () => Promise<void>): Promise<void>;
  giveBack(slot: number): Promise<void>;
}

/** What a step works with. It begins and ends with the driver bound to both devices and the link up. */
export interface StepContext {
  readonly guest: Guest;
  readonly driver: GuestDriver;
  /** Payload of a ping in bytes. */
  readonly payloadBytes: number;
  /** `undefined` when the device under test cannot do it. */
  readonly surprise: SurpriseRemoval | undefined;
  /** Takes the count of allocations that a step has made to fail. */
  readonly allocFailures: (count: FaultCount) => void;
}
