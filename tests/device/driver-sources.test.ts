// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { kernelSourceFolder } from '../../lab/src/artifacts/recipes/kernel.ts';
import { inToolchain } from '../../lab/src/artifacts/toolchain-sandbox.ts';
import { labArtifacts } from '../support/lab-artifacts.ts';

const root = join(import.meta.dirname, '../..');

/** Runs a tool of the toolchain tree with the drivers in /lab/drivers and the kernel in /lab/source and /lab/build. */
async function inTree(...argv: readonly string[]) {
  const dir = await labArtifacts('toolchain', 'kernel-source', 'kernel-fast');
  const [command = 'bwrap', ...rest] = inToolchain(
    {
      tree: join(dir('toolchain'), 'tree'),
      mounts: [
        { host: join(root, 'kernel-module'), at: '/lab/drivers' },
        { host: kernelSourceFolder(dir('kernel-source')), at: '/lab/source' },
        { host: join(dir('kernel-fast'), 'build'), at: '/lab/build' },
      ],
      workingDirectory: '/lab/drivers',
    },
    argv,
  );
  return await execa(command, rest, { reject: false, all: true });
}

function sources(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, 'kernel-module', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file) && !/\.gen\.h$|regs\.rs$/.test(file))
    .map((file) => `/lab/drivers/${folder}/${file}`);
}

describe('the sources of the drivers', function () {
  this.timeout(240_000);

  it('are formatted as the kernel wants Rust', async () => {
    const config = '/lab/source/.rustfmt.toml';
    const files = sources('rust', /\.rs$/);
    const { exitCode, all } = await inTree('rustfmt', '--check', '--config-path', config, ...files);
    expect(exitCode, all).to.equal(0);
  });

  it('pass checkpatch --strict', async () => {
    const files = ['c', 'rust', 'probe'].flatMap((folder) => sources(folder, /\.[ch]$/));
    const { exitCode, all } = await inTree(
      ...['perl', '/lab/source/scripts/checkpatch.pl', '--no-tree', '--strict', '--terse', '-f'],
      ...files,
    );
    expect(exitCode, all).to.equal(0);
  });

  it('have nothing that clippy would change', async () => {
    const make = 'make -C /lab/build M=/tmp/module LLVM=1 CLIPPY=1 -j2';
    const { exitCode, all } = await inTree('sh', '-c', `cp -r rust /tmp/module && ${make} 2>&1`);
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/CLIPPY \[M\] ferronic_main\.o/);
    expect(all).not.to.match(/^(warning|error)/m);
  });

  for (const module of ['ferronic', 'ferronic_c']) {
    it(`compile without a warning: ${module}`, async () => {
      const name = `driver-${module}-fast`;
      const dir = await labArtifacts(name);
      expect(readFileSync(join(dir(name), 'warnings.txt'), 'utf8')).to.equal('');
    });
  }
});
