// SPDX-License-Identifier: Apache-2.0

/** What a stretch of traffic can consist of, both ways at the same time unless it says otherwise. */
export const trafficProfiles = [
  /** Echo requests of `payloadBytes`, as fast as they are answered; what comes back is compared. */
  'ping',
  /** UDP in the shortest frames: 64 bytes with their checksum. */
  'small',
  /** UDP in frames of 64, 594 and 1,518 bytes, seven to four to one. */
  'imix',
  /** UDP in the longest ordinary frames: 1,518 bytes. */
  'large',
  /** 64 frames back to back, and then nothing for 20 ms. */
  'bursts',
  /** The MTU is 9,000, and so long are the echo requests. */
  'jumbo',
  /** Four TCP streams of iperf3, one way, with all offloads that the driver has. */
  'tcp',
  /** UDP of iperf3, one way, without a limit. */
  'udp',
  /** Two TCP streams of iperf3 each way. */
  'both-ways',
] as const;
export type TrafficProfile = (typeof trafficProfiles)[number];
