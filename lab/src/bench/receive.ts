// SPDX-License-Identifier: Apache-2.0
import { Deadline, sleep, type Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { DriverFailure } from '../run/driver-failure.ts';
import type { Card } from './cards.ts';
import type { FrameSource } from './frame-source.ts';
import type { MeasuredGuest } from './measured-guest.ts';
import { testFrames } from './test-frames.ts';
import type { Load } from './transmit.ts';

/** So many that a card that spreads flows over its queues can. */
const flows = 64;
const chunkBytes = 256 * 1024;
const warmUpMs = 500;
const tolerance = 0.05;

/** Packets/s that reach the guest's network stack while the link partner sends as fast as the card takes. */
export async function measureReceiving(
  guest: MeasuredGuest,
  card: Card,
  source: FrameSource,
  load: Load,
  wait: Wait,
): Promise<number> {
  const { name, own, driver } = card.subject;
  const count = flows * Math.max(1, Math.floor(chunkBytes / (load.bytes + 4) / flows));
  await source.start(testFrames(card.mac, load.bytes, flows, count), {
    signal: wait.signal,
    deadline: Deadline.after(10_000),
  });
  try {
    await sleep(warmUpMs, wait);
    const output = await guest.run({
      doing: `receiving with ${name}`,
      script: receiveScript(card.interface, load.seconds),
      longestMs: 30_000 + load.seconds * 2_000,
      ...(own === undefined ? {} : { driver }),
    });
    return parseReceived(card, output);
  } finally {
    source.stop();
  }
}

function receiveScript(link: string, seconds: number): string {
  return `
clock() { sed -n '/^now at/ { s/[^0-9]//g; p; q }' /proc/timer_list; }
processed() {
	total=0
	while read -r count rest; do total=$((total + 0x$count)); done </proc/net/softnet_stat
	echo $total
}
frames=$(statistic ${link} rx_packets) stack=$(processed) start=$(clock)
sleep ${seconds}
frames=$(($(statistic ${link} rx_packets) - frames)) stack=$(($(processed) - stack)) end=$(clock)
echo received $frames processed $stack ns $((end - start))
`;
}

/** The kernel's own count of frames that came out of drivers is a witness for the driver's. */
function parseReceived({ subject }: Card, output: string): number {
  const numbers = /^received (\d+) processed (\d+) ns (\d+)$/m.exec(output)?.slice(1).map(Number);
  const [received = 0, processed = 0, ns = 0] = numbers ?? [];
  if (ns > 0 && processed >= received * (1 - tolerance)) return received / (ns / 1e9);
  const message = `${subject.name} counts ${received} received frames, the kernel ${processed}`;
  const options = { remedy: 'The console of the guest is in the run folder.' };
  throw subject.own === undefined
    ? new LabFailure('FRAMES_LOST', message, options)
    : new DriverFailure('FRAMES_LOST', message, options);
}
