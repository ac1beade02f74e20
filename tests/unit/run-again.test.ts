// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { findRun } from '../../lab/src/run/find-run.ts';
import { firstDifference } from '../../lab/src/run/first-difference.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

function folder(): string {
  return scratchFolder('again');
}

describe('a run that is to come back', () => {
  it('is found by the beginning of its id', async () => {
    const runs = folder();
    for (const id of ['20261121T1-a', '20261121T2-b']) mkdirSync(join(runs, id));
    const path = join(runs, '20261121T2-b');
    expect(await findRun(runs, '20261121T2')).to.deep.equal({ runId: '20261121T2-b', path });
  });

  it('is not guessed at', async () => {
    const runs = folder();
    for (const id of ['20261121T1-a', '20261121T2-b']) mkdirSync(join(runs, id));
    const many = await findRun(runs, '2026').catch((error: Error) => error.message);
    expect(many).to.equal("2 runs begin with '2026'");
    const none = await findRun(runs, 'x').catch((error: Error) => error.message);
    expect(none).to.match(/^no run 'x' in /);
  });

  const consoles: readonly (readonly [string, string, string, object | undefined])[] = [
    ['nowhere', 'a\nb\n', 'a\nb\n', undefined],
    ['in a line', 'a\nb\nc\n', 'a\nx\nc\n', { line: 2, one: 'b', other: 'x' }],
    ['at the end of the shorter one', 'a\n', 'a\nb\n', { line: 2, one: undefined, other: 'b' }],
  ];
  for (const [where, one, other, difference] of consoles) {
    it(`differs from another ${where}`, async () => {
      const dir = folder();
      writeFileSync(join(dir, 'one'), one);
      writeFileSync(join(dir, 'other'), other);
      const found = await firstDifference(join(dir, 'one'), join(dir, 'other'));
      expect(found).to.deep.equal(difference);
    });
  }
});
