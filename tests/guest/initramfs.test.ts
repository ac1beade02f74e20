// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { ensureArtifacts } from '../../lab/src/artifacts/ensure-artifacts.ts';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { initramfsRecipe } from '../../lab/src/artifacts/recipes/initramfs.ts';
import { toolchainRecipe } from '../../lab/src/artifacts/recipes/toolchain.ts';

describe('the initramfs that worlds name', function () {
  this.timeout(300_000);

  it('is the same whoever makes it, so that a crash comes back elsewhere', async () => {
    const progress = new StreamProgress(process.stderr);
    const wait = { signal: new AbortController().signal, deadline: Deadline.after(280_000) };
    const built = await ensureArtifacts([toolchainRecipe()], { wait, progress }).finally(() =>
      progress.close(),
    );
    const archives = [];
    for (let time = 0; time < 2; time += 1) {
      const out = mkdtempSync(join(tmpdir(), 'ferrolab-initramfs-'));
      await initramfsRecipe().build({
        root: projectRoot(),
        ...{ work: out, out, wait },
        dependency: (name) => {
          const artifact = built.get(name);
          if (artifact === undefined) throw new Error(`${name} was not built`);
          return artifact;
        },
        scratch: async () => {
          throw new Error('it needs none');
        },
        run: async ([program = '', ...args], env) => {
          await execa(program, args, { env });
        },
      });
      archives.push(readFileSync(join(out, 'initramfs.cpio')));
      rmSync(out, { recursive: true });
    }
    const [first, second] = archives;
    expect(first?.length).to.be.above(1_000_000);
    expect(first?.equals(second ?? Buffer.alloc(0))).to.equal(true);
  });
});
