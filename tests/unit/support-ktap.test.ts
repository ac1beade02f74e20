// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ktapSuites } from '../support/ktap.ts';

const log = `
[   23.728529][   T76] KTAP version 1
[   23.728609][   T76] 1..2
[   23.731747][   T76]     KTAP version 1
[   23.731769][   T76]     # Subtest: first
[   23.731800][   T76]     # module: some
[   23.732284][   T76]     1..3
[   23.763294][   T76]     ok 1 works
[   23.779070][   T76]     # fails: EXPECTATION FAILED at some.c:3
[   23.779071][   T76]     not ok 2 fails
[   23.795317][   T76]     ok 3 cannot # SKIP not here
[   23.806231][   T76] # first: pass:1 fail:1 skip:1 total:3
[   23.806232][   T76] not ok 1 first
[   23.806233][   T76]     # Subtest: second
[   23.806234][   T76]     1..1
`;

describe('KTAP in the log of a kernel', () => {
  it('tells passed cases from failed and skipped ones, and planned ones from those that ran', () => {
    expect(ktapSuites(log)).to.deep.equal([
      {
        name: 'first',
        planned: 3,
        results: [
          { name: 'works', outcome: 'ok' },
          { name: 'fails', outcome: 'not ok' },
          { name: 'cannot', outcome: 'skipped' },
        ],
      },
      { name: 'second', planned: 1, results: [] },
    ]);
  });
});
