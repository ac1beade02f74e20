// SPDX-License-Identifier: Apache-2.0
import type { FaultCount } from '../../fault-tally.ts';
import type { Guest } from '../guest.ts';
import type { GuestDriver } from '../guest-driver.ts';

/** Takes cards out of their slots, and puts them back. Slots count from 1. */
export interface CardSlots {
  /** Whether the cards can go without a word to the guest. */
  readonly canSurprise: boolean;
  /** Does `work`, and takes the card out when so much of the guest's time has passed. */
  removeDuring(slot: number, afterMs: number, work: () => Promise<void>): Promise<void>;
  /** Puts a card back that went without a word. */
  giveBack(slot: number): Promise<void>;
  /** Asks the guest for a card, as the button at a slot does; it takes its time. */
  press(slot: number): Promise<void>;
  /** Puts a card back that the guest was asked for, once it has let go of it. */
  putBack(slot: number): Promise<void>;
}

/** What the link partner inside a card sends. */
export interface PartnerTraffic {
  /** Frames a second. */
  readonly rate: number;
  readonly sizes: 'fixed' | 'range' | 'imix';
  /** Bytes of a frame without its checksum; of the longest one with `range`. */
  readonly size: number;
  readonly flows: number;
  readonly seed: number;
  /** Each Nth has a wrong UDP checksum; 0 for none. */
  readonly badChecksumEvery: number;
}

/** What a link partner has sent, and seen come back. */
export interface PartnerCounts {
  readonly sent: number;
  readonly received: number;
  readonly duplicated: number;
  /** Wrong content under a right checksum, which no fault of the device explains. */
  readonly corrupt: number;
}

/** The link partners inside the cards. Slots count from 1. */
export interface LinkPartners {
  start(slot: number, traffic: PartnerTraffic): Promise<void>;
  /** Lets it send no more. */
  stop(slot: number): Promise<void>;
  counts(slot: number): Promise<PartnerCounts>;
}

/** A second machine at the same cable, which is no suspect: when it fails, the run is the lab's. */
export interface PeerGuest {
  /** Its address on the cable. */
  readonly address: string;
  /** Runs a command in it, which has to work. */
  run(doing: string, command: string): Promise<string>;
  /** What went wrong with it, if anything has. */
  readonly trouble: string | undefined;
}

/** What a step works with. It begins and ends with the driver bound to both devices and the link up. */
export interface StepContext {
  readonly guest: Guest;
  readonly driver: GuestDriver;
  /** Payload of a ping in bytes. */
  readonly payloadBytes: number;
  readonly slots: CardSlots | undefined;
  /** `undefined` when the devices under test have none inside. */
  readonly partners: LinkPartners | undefined;
  /** `undefined` when there is no second machine. */
  readonly peer: PeerGuest | undefined;
  /** Takes the count of allocations that a step has made to fail. */
  readonly allocFailures: (count: FaultCount) => void;
}
