// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { fullDisk } from '../../lab/src/full-disk.ts';

/** What it is like when there is no space left. */
function noSpace(): unknown {
  try {
    writeFileSync('/dev/full', 'a verdict');
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a full disk', () => {
  const wrapped: readonly (readonly [what: string, error: unknown])[] = [
    ['by itself', noSpace()],
    ['as a cause', new Error('no verdict', { cause: noSpace() })],
    ['among others', new AggregateError([new Error('other'), noSpace()])],
    ['of SQLite', Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })],
    [
      'behind what went wrong because of it',
      Object.assign(new Error('disposal'), { error: new Error('later'), suppressed: noSpace() }),
    ],
  ];
  for (const [what, error] of wrapped) {
    it(`is told of, ${what}`, () => {
      const told = fullDisk(error);
      expect(told?.message).to.match(/disk is full/);
      expect(told?.remedy).to.contain('LAB_STATE_DIR');
    });
  }

  it('is not blamed for anything else', () => {
    expect(fullDisk(new Error('no such file'))).to.equal(undefined);
    expect(fullDisk(undefined)).to.equal(undefined);
  });
});
