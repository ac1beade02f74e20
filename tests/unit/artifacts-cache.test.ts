// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import {
  cacheLayout,
  listArtifacts,
  readArtifact,
} from '../../lab/src/artifacts/artifact-store.ts';
import type { BuildProgress } from '../../lab/src/artifacts/build-progress.ts';
import { contentKey } from '../../lab/src/artifacts/content-key.ts';
import { ensureArtifacts } from '../../lab/src/artifacts/ensure-artifacts.ts';
import { lockFile, tryLockFile } from '../../lab/src/artifacts/file-lock.ts';
import type { Recipe } from '../../lab/src/artifacts/recipe.ts';
import { Interrupted, LabFailure } from '../../lab/src/errors.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const silent: BuildProgress = {
  stepStarted: () => undefined,
  stepWaiting: () => undefined,
  stepFinished: () => undefined,
  stepFailed: () => undefined,
  close: () => undefined,
};

function recipe(name: string, build: Recipe['build'], over: Partial<Recipe> = {}): Recipe {
  return {
    name,
    inputs: ['images/sources.lock.json'],
    parameters: {},
    dependsOn: [],
    identity: ['result'],
    estimateSeconds: 1,
    build,
    ...over,
  };
}

const options = () => ({
  progress: silent,
  wait: { signal: new AbortController().signal, deadline: Deadline.after(9_000) },
});

describe('the artifact cache', () => {
  let folder: string;
  const configured = process.env['XDG_CACHE_HOME'];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-cache-'));
    process.env['XDG_CACHE_HOME'] = folder;
  });

  afterEach(() => {
    if (configured === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = configured;
    rmSync(folder, { recursive: true });
  });

  it('builds a thing once and finds it the next time', async () => {
    let builds = 0;
    const once = recipe('thing', async ({ out }) => {
      builds += 1;
      writeFileSync(join(out, 'result'), 'made');
    });
    const first = await ensureArtifacts([once], options());
    const second = await ensureArtifacts([once], options());
    expect(builds).to.equal(1);
    expect(second.get('thing')).to.deep.equal(first.get('thing'));
  });

  it('builds a thing once when two ask for it at the same time', async () => {
    let builds = 0;
    const slow = recipe('thing', async ({ out }) => {
      builds += 1;
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(join(out, 'result'), 'made');
    });
    await Promise.all([ensureArtifacts([slow], options()), ensureArtifacts([slow], options())]);
    expect(builds).to.equal(1);
  });

  it('makes another thing when a parameter changes', async () => {
    const make = (value: string) =>
      recipe('thing', async ({ out }) => writeFileSync(join(out, 'result'), value), {
        parameters: { value },
      });
    const one = (await ensureArtifacts([make('one')], options())).get('thing');
    const two = (await ensureArtifacts([make('two')], options())).get('thing');
    expect(one?.dir).not.to.equal(two?.dir);
    expect(one?.sha256).not.to.equal(two?.sha256);
  });

  it('goes on in the scratch folder of a build that failed, and publishes nothing before', async () => {
    let attempts = 0;
    const flaky = recipe('thing', async ({ out, work }) => {
      attempts += 1;
      if (attempts === 1) {
        writeFileSync(join(work, 'half'), '');
        throw new Error('no space left');
      }
      expect(existsSync(join(work, 'half'))).to.equal(true);
      writeFileSync(join(out, 'result'), 'made');
    });
    const failure = await ensureArtifacts([flaky], options()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(LabFailure);
    expect((failure as LabFailure).remedy).to.match(/\.log/);
    expect(readdirSync(join(folder, 'ferrolab', 'artifacts'))).to.deep.equal([]);
    await ensureArtifacts([flaky], options());
    expect(attempts).to.equal(2);
  });

  it('lists what was built and what that takes on disk', async () => {
    const large = recipe('large', async ({ out }) => {
      writeFileSync(join(out, 'result'), Buffer.alloc(2 ** 20, 1));
    });
    await ensureArtifacts([large], options());
    const stored = listArtifacts(cacheLayout(join(folder, 'ferrolab')));
    expect(stored.map(({ name }) => name)).to.deep.equal(['large']);
    expect(stored[0]?.bytes).to.be.within(2 ** 20, 2 ** 20 + 2 ** 16);
  });

  it('does not take a folder without a description for an artifact', () => {
    const dir = join(folder, 'half-written');
    mkdirSync(dir);
    expect(readArtifact(dir)).to.equal(undefined);
  });
});

describe('a content key', () => {
  it('changes with names, contents and executable bits, and with nothing else', () => {
    const root = mkdtempSync(join(tmpdir(), 'ferrolab-key-'));
    mkdirSync(join(root, 'in'));
    writeFileSync(join(root, 'in', 'a'), 'x');
    const key = () => contentKey(root, ['in'], {});
    const original = key();
    expect(key()).to.equal(original);
    chmodSync(join(root, 'in', 'a'), 0o755);
    expect(key()).not.to.equal(original);
    chmodSync(join(root, 'in', 'a'), 0o600);
    expect(key()).to.equal(original);
    writeFileSync(join(root, 'in', 'README.md'), 'prose');
    expect(key()).to.equal(original);
    writeFileSync(join(root, 'in', 'b'), '');
    expect(key()).not.to.equal(original);
    rmSync(root, { recursive: true });
  });
});

describe('a file lock', () => {
  it('is held by one at a time and given back when disposed', async () => {
    const path = join(scratchFolder('lock'), 'lock');
    const signal = new AbortController().signal;
    const lock = await lockFile(path, signal, () => undefined);
    expect(await tryLockFile(path)).to.equal(undefined);
    await lock[Symbol.asyncDispose]();
    const again = await tryLockFile(path);
    expect(again?.path).to.equal(path);
    await again?.[Symbol.asyncDispose]();
  });

  it('is no longer waited for by who is interrupted, and stays with who has it', async () => {
    const path = join(scratchFolder('lock'), 'lock');
    await using _held = await lockFile(path, new AbortController().signal, () => undefined);
    const interrupt = new AbortController();
    const waiting = lockFile(path, interrupt.signal, () => interrupt.abort());
    const error = await waiting.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Interrupted);
    expect(await tryLockFile(path)).to.equal(undefined);
  });

  it('is free again after its holder was killed with SIGKILL', async () => {
    const path = join(scratchFolder('lock'), 'lock');
    const module = join(import.meta.dirname, '../../lab/src/artifacts/file-lock.ts');
    const script = `const { lockFile } = await import(${JSON.stringify(module)});
      await lockFile(${JSON.stringify(path)}, new AbortController().signal, () => undefined);
      console.log('locked'); setInterval(() => undefined, 1000);`;
    const holder = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(holder.stdout, 'data');
    expect(await tryLockFile(path)).to.equal(undefined);
    holder.kill('SIGKILL');
    const lock = await lockFile(path, AbortSignal.timeout(5_000), () => undefined);
    await lock[Symbol.asyncDispose]();
  });
});
