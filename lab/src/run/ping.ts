// SPDX-License-Identifier: Apache-2.0

/** Sums over every summary in the output of ping. */
export interface PingCounts {
  readonly sent: number;
  readonly received: number;
  /** Answers whose payload was not the one sent. */
  readonly corrupted: number;
}

const summary =
  /(\d+) packets transmitted, (\d+) (?:packets )?received(?:,[^\n]*?\+(\d+) corrupted)?/g;

/** Reads the summary lines of iputils ping. */
export function parsePing(stdout: string): PingCounts {
  let counts: PingCounts = { sent: 0, received: 0, corrupted: 0 };
  for (const [, sent, received, corrupted] of stdout.matchAll(summary)) {
    counts = {
      sent: counts.sent + Number(sent),
      received: counts.received + Number(received),
      corrupted: counts.corrupted + Number(corrupted ?? 0),
    };
  }
  return counts;
}
