// SPDX-License-Identifier: Apache-2.0
import { LabFailure } from '../errors.ts';
import { DriverFailure } from '../run/driver-failure.ts';
import type { Card } from './cards.ts';
import type { MeasuredGuest } from './measured-guest.ts';

/** What is sent, and for how long. */
export interface Load {
  /** Length of a frame without FCS. */
  readonly bytes: number;
  readonly seconds: number;
  /** Threads that send, each on a vCPU of its own. */
  readonly threads: number;
}

/** What pktgen says of one sender. */
export interface Sent {
  readonly packets: number;
  readonly us: number;
  readonly errors: number;
}

const sinkAddress = '02:00:00:00:00:01';
/** The code is translated, and caches are warm, after this many packets. */
const warmUpPackets = 20_000;
/** The card may still own a few frames when it is looked at. */
const tolerance = 0.01;

/** Packets/s that the card's driver accepts from pktgen while the link partner takes everything. */
export async function measureSending(
  guest: MeasuredGuest,
  card: Card,
  load: Load,
): Promise<number> {
  const { name, own, driver } = card.subject;
  const output = await guest.run({
    doing: `sending with ${name}`,
    script: `
prepare_sender ${card.interface} ${load.bytes} ${sinkAddress} 1 ${load.threads}
send ${Math.ceil(warmUpPackets / load.threads)}
sleep 0.2
before=$(statistic ${card.interface} tx_packets)
send_for ${load.seconds}
sleep 0.2
echo completed $(($(statistic ${card.interface} tx_packets) - before))
print_sent
`,
    longestMs: 60_000 + load.seconds * 2_000,
    ...(own === undefined ? {} : { driver }),
  });
  const senders = parseSent(output);
  checkCompleted(card, senders, output);
  return senders.reduce((total, { packets, us }) => total + packets / (us / 1e6), 0);
}

/** Reads the lines of `print_sent`. */
export function parseSent(output: string): readonly Sent[] {
  const line =
    /^sender .*OK: (\d+)\(c\d+\+d\d+\) usec, (\d+) \(\d+byte,-?\d+frags\).* errors: (\d+)/gm;
  const senders = [...output.matchAll(line)].map(([, us, packets, errors]) => ({
    packets: Number(packets),
    us: Number(us),
    errors: Number(errors),
  }));
  if (senders.length > 0) return senders;
  throw new LabFailure('BENCH_OUTPUT', `pktgen in the guest said '${output.trim()}'`, {
    remedy: 'Run it again; the console of the guest is in the run folder.',
  });
}

/** A driver that accepts frames and does not send them is not fast. */
function checkCompleted({ subject }: Card, senders: readonly Sent[], output: string): void {
  const sent = senders.reduce((total, { packets }) => total + packets, 0);
  const errors = senders.reduce((total, one) => total + one.errors, 0);
  const completed = Number(/^completed (\d+)$/m.exec(output)?.[1] ?? 0);
  if (errors === 0 && completed >= sent * (1 - tolerance)) return;
  const message = `${subject.name} accepted ${sent} frames and counts ${completed} as sent, with ${errors} errors`;
  const options = { remedy: 'The console of the guest is in the run folder.' };
  throw subject.own === undefined
    ? new LabFailure('FRAMES_LOST', message, options)
    : new DriverFailure('FRAMES_LOST', message, options);
}
