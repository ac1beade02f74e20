// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { FrameSource } from '../../lab/src/bench/frame-source.ts';
import { testFrames } from '../../lab/src/bench/test-frames.ts';

const mac = '52:54:00:fe:00:07';

/** The frames of a stream in which each comes after its length. */
function split(stream: Buffer): Buffer[] {
  const frames = [];
  for (let at = 0; at < stream.length; ) {
    const length = stream.readUInt32BE(at);
    frames.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

/** The ones' complement sum of 16-bit words; 0xffff for a header with its right checksum. */
function sum(words: Buffer): number {
  let total = 0;
  for (let at = 0; at < words.length; at += 2) total += words.readUInt16BE(at);
  return (total & 0xffff) + (total >>> 16);
}

describe('frames to be received', () => {
  for (const bytes of [60, 1_500]) {
    it(`are UDP over IPv4 of ${bytes} bytes, with right lengths and checksums`, () => {
      const frames = split(testFrames(mac, bytes, 4, 10));
      expect(frames).to.have.length(10);
      for (const frame of frames) {
        expect(frame).to.have.length(bytes);
        expect(frame.subarray(0, 6).toString('hex')).to.equal(mac.replaceAll(':', ''));
        expect(frame.readUInt16BE(12)).to.equal(0x0800);
        expect(sum(frame.subarray(14, 34))).to.equal(0xffff);
        expect(frame.readUInt16BE(16)).to.equal(bytes - 14);
        expect(frame.readUInt16BE(38)).to.equal(bytes - 34);
      }
    });
  }

  it('come from as many senders as there are flows, in turn', () => {
    const senders = split(testFrames(mac, 60, 3, 6)).map((frame) => frame.subarray(26, 36));
    expect(new Set(senders.map((sender) => sender.toString('hex'))).size).to.equal(3);
    expect(senders[0]).to.deep.equal(senders[3]);
  });
});

describe('a source of frames', () => {
  const wait = { signal: new AbortController().signal, deadline: Deadline.after(5_000) };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-frames-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('sends whole frames until it is stopped, waits for a card that does not read, and leaves no socket', async () => {
    const path = join(folder, 'card.sock');
    const source = await FrameSource.listen(path);
    const card = connect(path);
    await once(card, 'connect');
    await source.start(testFrames(mac, 60, 1, 64), wait);
    let received = Buffer.alloc(0);
    card.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    while (received.length < 256 * 1024) await delay(1);
    source.stop();
    await delay(50);
    const afterStop = received.length;
    await delay(50);
    expect(received.length, 'nothing comes after what was under way').to.equal(afterStop);
    expect(received.length % (64 * 64), 'no frame is cut').to.equal(0);

    card.pause();
    await source.start(testFrames(mac, 60, 1, 64), wait);
    await delay(50);
    const closed = once(card, 'close');
    await source[Symbol.asyncDispose]();
    card.resume();
    await closed;
    expect(received.length - afterStop, 'a slow reader is not flooded').to.be.below(2 ** 21);
    expect(existsSync(path)).to.equal(false);
  });

  it('says so when no card connects', async () => {
    await using source = await FrameSource.listen(join(folder, 'card.sock'));
    const soon = { signal: wait.signal, deadline: Deadline.after(20) };
    const failure = await source.start(testFrames(mac, 60, 1, 1), soon).catch((error) => error);
    expect(String(failure)).to.match(/QEMU to connect/);
  });
});
