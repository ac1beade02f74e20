// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { guestShell } from '../../lab/src/bench/guest-shell.ts';
import { cpioArchive } from '../../lab/src/vm/cpio-archive.ts';

/** The regular files of a "newc" archive, read by the format's description and not by our writer. */
function filesOf(archive: Buffer): { path: string; mode: number; content: string }[] {
  const files = [];
  for (let at = 0; at < archive.length; ) {
    expect(archive.toString('latin1', at, at + 6)).to.equal('070701');
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4;
    files.push({ path, mode, content: archive.toString('utf8', start, start + size) });
    at = Math.ceil((start + size) / 4) * 4;
  }
  return files;
}

describe('the archive with a script for the guest', () => {
  it('holds every file with its mode and content, whatever their lengths, and ends as the kernel wants', () => {
    const contents = ['', 'a', 'ab', 'abc', 'abcd', 'naïve\n'];
    const files = contents.map((content, index) => ({
      path: `${'x'.repeat(index + 1)}.sh`,
      mode: 0o755,
      content,
    }));
    const [trailer, ...rest] = filesOf(cpioArchive(files)).reverse();
    expect(trailer?.path).to.equal('TRAILER!!!');
    expect(rest.reverse()).to.deep.equal(
      files.map(({ path, content }) => ({ path, mode: 0o100755, content })),
    );
  });
});

describe('the shell functions for the guest', () => {
  it('are shell', () => {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: guestShell, encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
  });
});
