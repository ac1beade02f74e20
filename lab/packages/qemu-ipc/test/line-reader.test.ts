// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ProtocolViolationError } from '../src/errors.ts';
import { LineReader } from '../src/line-reader.ts';

describe('the line reader', () => {
  it('gives the same lines however the bytes are cut', () => {
    const bytes = Buffer.from('one\ntwö\n\nthree\nrest');
    for (let size = 1; size <= bytes.length; size += 1) {
      const reader = new LineReader(100);
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        lines.push(...reader.push(bytes.subarray(at, at + size)));
      }
      expect(lines).to.deep.equal(['one', 'twö', '', 'three']);
      expect(reader.partialBytes).to.equal(4);
    }
  });

  it('refuses a line over the limit even before it ends', () => {
    const reader = new LineReader(10);
    expect([...reader.push(Buffer.from('0123456789\n'))]).to.deep.equal(['0123456789']);
    expect(() => [...reader.push(Buffer.from('01234567890'))]).to.throw(ProtocolViolationError);
  });

  it('hands over the good lines before it refuses a bad one', () => {
    const lines: string[] = [];
    expect(() => {
      for (const line of new LineReader(10).push(Buffer.from('ok\n0123456789A\n')))
        lines.push(line);
    }).to.throw(ProtocolViolationError);
    expect(lines).to.deep.equal(['ok']);
  });

  it('refuses what is not UTF-8', () => {
    expect(() => [...new LineReader(10).push(Uint8Array.of(0xff, 0x0a))]).to.throw('not UTF-8');
  });

  it('takes a long line in small pieces in linear time', () => {
    const reader = new LineReader(10_000_000);
    const piece = Buffer.alloc(100, 'x');
    const start = performance.now();
    for (let count = 0; count < 50_000; count += 1)
      expect([...reader.push(piece)].length).to.equal(0);
    const [line] = reader.push(Buffer.from('\n'));
    expect(line?.length).to.equal(5_000_000);
    // Re-scanning from the start would touch 125 GB.
    expect(performance.now() - start).to.be.below(5_000);
  });
});
