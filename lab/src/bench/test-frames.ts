// SPDX-License-Identifier: Apache-2.0

/** The shortest frame that holds all headers. */
export const shortestFrame = 42;
const senderMac = '02:00:00:00:00:01';
const ethernetBytes = 14;
const ipBytes = 20;
const firstPort = 1_024;
const discardPort = 9;

/**
 * UDP frames of `bytes` each (without FCS), from `flows` senders in turn, each frame after its length as a `stream`
 * backend wants it. The addresses are those that are set aside for benchmarks; nobody in the guest listens to them.
 */
export function testFrames(mac: string, bytes: number, flows: number, frames: number): Buffer {
  return Buffer.concat(
    Array.from({ length: frames }, (_, index) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes);
      return Buffer.concat([length, udpFrame(mac, bytes, index % flows)]);
    }),
  );
}

function udpFrame(mac: string, bytes: number, flow: number): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.set(macBytes(mac), 0);
  frame.set(macBytes(senderMac), 6);
  frame.writeUInt16BE(0x0800, 12);
  frame.set(ipHeader(bytes - ethernetBytes, flow), ethernetBytes);
  const udp = ethernetBytes + ipBytes;
  frame.writeUInt16BE(firstPort + flow, udp);
  frame.writeUInt16BE(discardPort, udp + 2);
  // No checksum: IPv4 allows it.
  frame.writeUInt16BE(bytes - udp, udp + 4);
  return frame;
}

function ipHeader(length: number, flow: number): Buffer {
  const header = Buffer.alloc(ipBytes);
  header.set([0x45, 0]);
  header.writeUInt16BE(length, 2);
  // Time to live, UDP.
  header.set([64, 17], 8);
  header.set([198, 18, 0, 1 + flow], 12);
  header.set([198, 19, 0, 1], 16);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < header.length; offset += 2) sum += header.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((byte) => Number.parseInt(byte, 16));
}
