// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { explainLog } from '../../lab/src/artifacts/explain-log.ts';

describe('the explanation of a failed build', () => {
  it('names the network when the mirror could not be reached', () => {
    const log = `$ mmdebstrap trixie
W: Failed to fetch mirror/InRelease  Temporary failure resolving 'mirror'
E: apt-get update failed
tar: Exiting with failure status due to previous errors
`;
    const { complaint, remedy } = explainLog(log);
    expect(complaint).to.match(/Failed to fetch/);
    expect(remedy).to.match(/network/);
  });

  it("takes the compiler's first error, not make's last word", () => {
    const log = `$ make
kernel/foo.c:1:2: error: unknown type name 'bar'
make[2]: *** [scripts/Makefile.build:295: kernel/foo.o] Error 1
make: *** [Makefile:260: __sub-make] Error 2
`;
    expect(explainLog(log).complaint).to.match(/unknown type name/);
  });

  it('says what a recipe said about a checksum', () => {
    const log =
      '$ fetch\nfetch.sh: the checksum of linux.tar.xz differs from images/sources.lock.json\n';
    expect(explainLog(log).complaint).to.match(/checksum of linux\.tar\.xz differs/);
    expect(explainLog(log).remedy).to.match(/LAB_KERNEL_SRC/);
    expect(explainLog('fetch.sh: a checksum differs from the lock').remedy).to.match(
      /LAB_QEMU_SRC/,
    );
  });

  it('looks only at the last of several runs in one log', () => {
    const log = '$ first\nE: old trouble\n$ second\nE: new trouble\n';
    expect(explainLog(log).complaint).to.equal('E: new trouble');
  });
});
