// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ConsoleParser } from '../../lab/src/console/console-parser.ts';
import { exitStatus } from '../../lab/src/errors.ts';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';

interface Document {
  readonly crashes: readonly {
    readonly title: string;
    readonly startLine: number;
    readonly endLine: number;
  }[];
}

describe('ferrolab console', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-console-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('finds nothing in an empty log', async () => {
    const { exitCode, document } = await ferrolabJson<Document>(['console', file('empty', '')]);
    expect(exitCode).to.equal(exitStatus.ok);
    expect(document.crashes).to.deep.equal([]);
  }).timeout(20_000);

  it('reads a log of a serial line, with both ends of a line', async () => {
    const log =
      '[    1.000000] fine\r\n[    2.000000] BUG: bad \u001b[31mnews\r\r\n[    3.0] fine\r\n';
    const { exitCode, document } = await ferrolabJson<Document>(['console', file('serial', log)]);
    expect(exitCode).to.equal(exitStatus.driverFailed);
    expect(document.crashes.map(({ title, startLine }) => [title, startLine])).to.deep.equal([
      ['BUG: bad news', 2],
    ]);
  }).timeout(20_000);

  const unreadable: readonly (readonly [what: string, path: () => string, says: string])[] = [
    ['a folder', () => folder, 'EISDIR'],
    ['a missing file', () => join(folder, 'none'), 'ENOENT'],
    ['a compressed log', () => file('log.gz', gzipSync('BUG: x')), 'zcat '],
    ['UTF-16', () => file('utf16', Buffer.from('\ufeffBUG: x', 'utf16le')), 'iconv '],
  ];
  for (const [what, path, says] of unreadable) {
    it(`says of ${what} that it cannot be read, and not that no crash is in it`, async () => {
      const { exitCode, stdout, stderr } = await startFerrolab(['console', path()]);
      expect(exitCode).to.equal(exitStatus.usage);
      expect(stdout).to.equal('');
      expect(stderr).to.contain(says);
    }).timeout(20_000);
  }
});

describe('a console that somebody made to harm', () => {
  const kib = 1024;
  const noise: readonly (readonly [what: string, line: string])[] = [
    ['a word over and over', 'BUG: '.repeat(200)],
    ['headers of warnings over and over', 'WARNING: [a] mm/a.c:1 at '.repeat(40)],
    ['places of locks', 'is trying to acquire lock '.repeat(40)],
    ['escape sequences', '\u001b[31m\u001b]0;'.repeat(100)],
    ['brackets and blanks', '[ (< '.repeat(200)],
    ['dates', 'Nov 22 07:00:00 '.repeat(60)],
    ['half a Rust name', `_RNv${'IB0_'.repeat(250)}+0x1/0x2`],
  ];
  for (const [what, line] of noise) {
    it(`is read in little time: ${what}`, () => {
      const parser = new ConsoleParser();
      const started = performance.now();
      parser.push('[    1.000000] WARNING: possible recursive locking detected\n');
      for (let lines = 0; lines < 300; lines++) parser.push(`[    1.000000] ${line}\n`);
      parser.end();
      expect(performance.now() - started).to.be.lessThan(5_000);
    }).timeout(60_000);
  }

  it('has no effect on a terminal by whatever it has in its crashes', () => {
    const evil = '\u001b[2J\u009b31m\u001b]0;x\u0007\u202e\u0000\u0008\u2028';
    const parser = new ConsoleParser();
    const text = `[    1.000000] BUG: b${evil}ad ${evil}\n[    1.000000] Call Trace:\n ${evil}f+0x1/0x2\n`;
    const crashes = [...parser.push(text), ...parser.end()];
    expect(crashes).to.have.lengthOf(1);
    const codes = Array.from(JSON.stringify(crashes), (char) => char.charCodeAt(0));
    expect(codes.filter((code) => code < 0x20 || code > 0x7e)).to.deep.equal([]);
  });

  it('keeps no more of an endless line than of any other', () => {
    const parser = new ConsoleParser();
    parser.push('[    1.000000] BUG: ');
    const before = process.memoryUsage().heapUsed;
    const piece = Buffer.alloc(64 * kib, 'a');
    for (let pieces = 0; pieces < 2_000; pieces++) parser.push(piece);
    const [crash] = parser.end();
    expect(crash?.lines.join('').length).to.be.lessThan(2 * kib);
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(64 * kib * kib);
  }).timeout(60_000);
});
