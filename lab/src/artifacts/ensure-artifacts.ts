// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { mkdir, open, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { execa } from 'execa';
import type { Wait } from 'qemu-ipc/wait';
import { Interrupted, LabError, LabFailure } from '../errors.ts';
import {
  type ArtifactDescription,
  type CacheLayout,
  cacheLayout,
  DESCRIPTION,
  folderName,
  readArtifact,
} from './artifact-store.ts';
import type { BuildProgress } from './build-progress.ts';
import { BuildTimings } from './build-timings.ts';
import { cacheDirectory } from './cache-directory.ts';
import { contentKey, fileSha256 } from './content-key.ts';
import { explainLog } from './explain-log.ts';
import { lockFile } from './file-lock.ts';
import { projectRoot } from './project-root.ts';
import type { Artifact, BuildContext, Recipe, Scratch } from './recipe.ts';

export interface EnsureOptions {
  readonly wait: Wait;
  readonly progress: BuildProgress;
}

/** Less free space than this and a build is not begun. */
const NEEDED_BYTES = 6 * 2 ** 30;

/** The key of what `recipe` would make now (hex). */
export function recipeKey(recipe: Recipe, root = projectRoot()): string {
  const dependencies = recipe.dependsOn.map((dependency) => [
    `dependency ${dependency.name}`,
    recipeKey(dependency, root),
  ]);
  const parameters = {
    name: recipe.name,
    ...recipe.parameters,
    ...Object.fromEntries(dependencies),
  };
  return contentKey(root, recipe.inputs, parameters);
}

/** The artifact of `recipe` if the cache has it. */
export function cachedArtifact(recipe: Recipe): Artifact | undefined {
  const layout = cacheLayout(cacheDirectory());
  return readArtifact(join(layout.artifacts, folderName(recipe.name, recipeKey(recipe))));
}

/** Builds what is missing of `recipes` and of what they need; returns the artifacts by name. */
export async function ensureArtifacts(
  recipes: readonly Recipe[],
  options: EnsureOptions,
): Promise<ReadonlyMap<string, Artifact>> {
  const session = new BuildSession(options);
  const artifacts = await Promise.all(recipes.map((recipe) => session.ensure(recipe)));
  return new Map(artifacts.map((artifact) => [artifact.name, artifact]));
}

/** One call of ensureArtifacts: each recipe is made once, as soon as what it needs is there. */
class BuildSession {
  readonly #wait: Wait;
  readonly #progress: BuildProgress;
  readonly #cache = cacheDirectory();
  readonly #layout: CacheLayout = cacheLayout(this.#cache);
  readonly #timings = new BuildTimings(this.#cache);
  readonly #root = projectRoot();
  readonly #running = new Map<string, Promise<Artifact>>();

  constructor({ wait, progress }: EnsureOptions) {
    this.#wait = wait;
    this.#progress = progress;
  }

  ensure(recipe: Recipe): Promise<Artifact> {
    const running = this.#running.get(recipe.name);
    if (running) return running;
    const started = this.#ensure(recipe);
    this.#running.set(recipe.name, started);
    return started;
  }

  async #ensure(recipe: Recipe): Promise<Artifact> {
    const key = recipeKey(recipe, this.#root);
    const dir = join(this.#layout.artifacts, folderName(recipe.name, key));
    const cached = readArtifact(dir);
    if (cached) return cached;

    const dependencies = await Promise.all(recipe.dependsOn.map((other) => this.ensure(other)));
    await this.#makeFolders();
    const lockPath = join(this.#layout.building, `${folderName(recipe.name, key)}.lock`);
    await using _lock = await lockFile(lockPath, this.#wait.signal, () =>
      this.#progress.stepWaiting(recipe.name, 'another process is building it'),
    );
    // Whoever had the lock may have finished it.
    return readArtifact(dir) ?? (await this.#build(recipe, key, dir, dependencies));
  }

  async #build(
    recipe: Recipe,
    key: string,
    dir: string,
    dependencies: readonly Artifact[],
  ): Promise<Artifact> {
    await this.#checkSpace();
    const work = join(this.#layout.building, folderName(recipe.name, key));
    const out = join(work, 'out');
    await mkdir(out, { recursive: true });
    const logPath = join(this.#layout.logs, `${folderName(recipe.name, key)}.log`);
    const log = createWriteStream(logPath, { flags: 'a' });
    const since = performance.now();
    const estimate = this.#timings.get(recipe.name) ?? recipe.estimateSeconds;
    this.#progress.stepStarted(recipe.name, estimate, logPath);
    try {
      await recipe.build(this.#context(recipe, work, out, dependencies, log));
      const sha256 = await identityHash(out, recipe.identity);
      await publish(out, dir, { name: recipe.name, key, sha256 });
    } catch (error) {
      log.end();
      await finished(log);
      this.#progress.stepFailed(recipe.name, logPath);
      throw this.#explain(recipe, error, logPath);
    } finally {
      log.end();
    }
    await rm(work, { recursive: true, force: true });
    const seconds = (performance.now() - since) / 1000;
    this.#timings.record(recipe.name, seconds);
    this.#progress.stepFinished(recipe.name, seconds);
    const artifact = readArtifact(dir);
    if (!artifact) throw new Error(`${dir} is gone right after it was made`);
    return artifact;
  }

  #context(
    recipe: Recipe,
    work: string,
    out: string,
    dependencies: readonly Artifact[],
    log: WriteStream,
  ): BuildContext {
    return {
      root: this.#root,
      work,
      out,
      wait: this.#wait,
      dependency: (name) => {
        const found = dependencies.find((artifact) => artifact.name === name);
        if (!found) throw new Error(`${recipe.name} does not declare that it needs ${name}`);
        return found;
      },
      run: (argv, env) => this.#run(argv, env, log),
      scratch: (name, parts) => this.#scratch(recipe, name, parts),
    };
  }

  async #scratch(
    recipe: Recipe,
    name: string,
    parts: Readonly<Record<string, string>>,
  ): Promise<Scratch> {
    const folder = folderName(name, contentKey(this.#root, [], parts));
    const dir = join(this.#layout.scratch, folder);
    const lock = await lockFile(
      join(this.#layout.scratch, `${folder}.lock`),
      this.#wait.signal,
      () => this.#progress.stepWaiting(recipe.name, 'another process builds in its folder'),
    );
    await mkdir(dir, { recursive: true });
    return { dir, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  }

  async #run(
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    log: WriteStream,
  ): Promise<void> {
    const [command, ...args] = argv;
    if (command === undefined) throw new Error('no command');
    const { execa } = await import('execa');
    log.write(`$ ${argv.join(' ')}\n`);
    // Builds are polite: somebody works on this machine.
    const subprocess = execa('nice', ['-n', '5', command, ...args], {
      env,
      stdin: 'ignore',
      all: true,
      buffer: false,
      cancelSignal: this.#wait.signal,
      forceKillAfterDelay: 5_000,
    });
    subprocess.all.pipe(log, { end: false });
    if (log.writableNeedDrain) await once(log, 'drain');
    await subprocess;
  }

  async #makeFolders(): Promise<void> {
    try {
      for (const folder of Object.values(this.#layout)) await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw new LabFailure('CACHE_NOT_WRITABLE', `the cache ${this.#cache} cannot be written`, {
        cause,
        remedy: 'Make it writable, or set XDG_CACHE_HOME to another folder.',
      });
    }
  }

  async #checkSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#layout.building);
    if (bavail * bsize >= NEEDED_BYTES) return;
    const free = (bavail * bsize) / 2 ** 30;
    throw new LabFailure(
      'DISK_FULL',
      `${free.toFixed(1)} GiB free in ${this.#cache}, builds need ${NEEDED_BYTES / 2 ** 30} GiB`,
      { remedy: 'Free space (`ferrolab build --gc` drops old artifacts), or set XDG_CACHE_HOME.' },
    );
  }

  #explain(recipe: Recipe, error: unknown, logPath: string): Error {
    if (this.#wait.signal.aborted)
      return new Interrupted(`interrupted while building ${recipe.name}`);
    if (error instanceof LabError) return error;
    const { complaint, remedy } = explainLog(readFileSync(logPath, 'utf8'));
    return new LabFailure('BUILD_FAILED', `${recipe.name} could not be built: ${complaint}`, {
      cause: error,
      remedy: `${remedy} The log is ${logPath}; the same command goes on where this one stopped.`,
    });
  }
}

async function identityHash(out: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file} ${fileSha256(join(out, file))}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** Moves a finished folder to its place; it is there whole or not at all, also after a power cut. */
async function publish(out: string, dir: string, artifact: Omit<Artifact, 'dir'>): Promise<void> {
  const path = join(out, DESCRIPTION);
  const bytes = await folderBytes(out);
  const description: ArtifactDescription = {
    ...artifact,
    ...(bytes === undefined ? {} : { bytes }),
  };
  await writeFile(path, `${JSON.stringify(description, undefined, 2)}\n`);
  await sync(path);
  await rm(dir, { recursive: true, force: true });
  await rename(out, dir);
  await sync(join(dir, '..'));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a folder takes on disk; undefined when there is something in it that cannot be looked at. */
async function folderBytes(dir: string): Promise<number | undefined> {
  const { exitCode, stdout } = await execa('du', ['-s', '--block-size=1', dir], { reject: false });
  return exitCode === 0 ? Number.parseInt(stdout, 10) : undefined;
}
