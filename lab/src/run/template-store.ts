// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { lockFile } from '../artifacts/file-lock.ts';
import { LabFailure } from '../errors.ts';
import type { RunningVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { saveMachine } from '../vm/saved-machine.ts';
import { writeDurably } from './durable-file.ts';

/** A machine on the disk, to go on with any number of times. */
export interface Template<Facts = unknown> {
  readonly key: string;
  /** Folder with what was written while it was made. */
  readonly folder: string;
  /** The saved machine; `null` when it could not be brought to where it was to be saved. */
  readonly state: string | null;
  /** What was found out while it was made. */
  readonly facts: Facts;
}

/** A template whose machine could be saved. */
export type SavedTemplate = Template & { readonly state: string };

/** The same template, if there is a machine in it; else LabFailure. */
export function saved(template: Template): SavedTemplate {
  const { state } = template;
  if (state !== null) return { ...template, state };
  throw new LabFailure('NO_TEMPLATE', `there is no saved machine in ${template.folder}`, {
    remedy: 'Remove that folder: it is made again.',
  });
}

/** How a machine gets to where it is saved. */
export interface TemplateRecipe<Facts> {
  /** Of everything that decides what comes of it, in hexadecimal digits. */
  readonly key: string;
  /** Told while it is made. */
  readonly doing: string;
  /** Its `runDir` and `simulation` do not matter. */
  readonly machine: MachineSpec;
  /** The machine, standing still, and what is to be known of it. */
  readonly bring: (machine: MachineSpec, wait: Wait) => Promise<Brought<Facts>>;
  /** Done once with what was saved. */
  readonly check: TemplateCheck;
}

/** What a saved machine must stand before anybody gets it. */
export interface TemplateCheck {
  /** Told meanwhile. */
  readonly doing: string;
  /** Rejects when it is of no use; `machine` begins with it. */
  readonly run: (machine: MachineSpec, wait: Wait) => Promise<void>;
}

/** A machine that stands still; without one there is nothing to save. */
export interface Brought<Facts> {
  readonly vm: RunningVm | null;
  readonly facts: Facts;
}

/** Where templates are kept, below the cache. */
export function templatesFolder(cache: string): string {
  return join(cache, 'templates');
}

/** Told what happens, as it takes long. */
export type TemplateObserver = (what: string) => void;

interface Description {
  readonly version: 3;
  readonly key: string;
  /** Of the state's file: one that is not the same any more is made again. */
  readonly sha256: string | null;
  readonly facts: unknown;
}

const stateFile = 'state';
const descriptionFile = 'template.json';
/** An emulated debug kernel boots in half a minute; this is for hosts under heavy load. */
const makingMs = 600_000;
/** Templates that nobody has used for so long are dropped when another one is made. */
const unusedMs = 7 * 24 * 3_600_000;

/** What the names of folders begin with in which a template is made. */
function workPrefix(dir: string): string {
  return `${basename(dir)}.making-`;
}

/** Templates below a folder, made when they are asked for, dropped when nobody has used them for a week. */
export class TemplateStore {
  readonly #root: string;
  readonly observer: TemplateObserver;
  /** Hashes that this process has computed, each once however many ask. */
  readonly #hashes = new Map<string, Promise<string>>();

  constructor(root: string, observer: TemplateObserver = () => undefined) {
    this.#root = root;
    this.observer = observer;
  }

  /** The template of a recipe. Made if it is not there, or damaged. */
  async get<Facts>(recipe: TemplateRecipe<Facts>, wait: Wait): Promise<Template<Facts>> {
    const { key } = recipe;
    const dir = join(this.#root, key.slice(0, 16));
    const known = await this.#find(dir, key);
    if (known !== undefined) return known as Template<Facts>;
    await mkdir(this.#root, { recursive: true });
    await using _lock = await lockFile(`${dir}.lock`, wait.signal, () => {
      this.observer('waiting for somebody else who makes the same template');
    });
    const meanwhile = await this.#find(dir, key);
    if (meanwhile !== undefined) return meanwhile as Template<Facts>;
    if (existsSync(join(dir, descriptionFile))) this.observer('the saved machine is damaged');
    await this.#dropUnused();
    await this.#make(dir, recipe, wait);
    const made = await this.#find(dir, key);
    if (made !== undefined) return made as Template<Facts>;
    throw new LabFailure('NO_TEMPLATE', `a saved machine is gone as soon as it is made: ${dir}`, {
      remedy: 'Look whether the disk is sound, and who else works in this folder.',
    });
  }

  /** Drops one that turned out to be of no use. */
  async discard({ key, folder }: Template): Promise<void> {
    this.#hashes.delete(key);
    await rm(folder, { recursive: true, force: true });
  }

  /** The template, if it is there and is what was made. A saved machine has no checksum of its own: QEMU would load any. */
  async #find(dir: string, key: string): Promise<Template | undefined> {
    const file = join(dir, descriptionFile);
    try {
      const description = JSON.parse(await readFile(file, 'utf8')) as Description;
      const { version, key: made, sha256, facts } = description;
      if (version !== 3 || made !== key) return undefined;
      const state = sha256 === null ? null : join(dir, stateFile);
      if (state !== null && (await this.#hash(key, state)) !== sha256) {
        this.#hashes.delete(key);
        return undefined;
      }
      const now = new Date();
      // Of a cache that belongs to somebody else the time cannot be noted.
      await utimes(file, now, now).catch(() => undefined);
      return { key, folder: dir, state, facts };
    } catch {
      this.#hashes.delete(key);
      return undefined;
    }
  }

  async #hash(key: string, state: string): Promise<string> {
    const hash = this.#hashes.get(key) ?? hashOf(state);
    this.#hashes.set(key, hash);
    return await hash;
  }

  /** What the guest printed may say why there is no template. It goes when it is old, as templates do. */
  async #keepConsole(work: string, dir: string): Promise<void> {
    const kept = `${dir}.console.log`;
    const moved = await rename(join(work, 'console.log'), kept).then(
      () => true,
      () => false,
    );
    if (moved) this.observer(`what its guest printed: ${kept}`);
  }

  async #drop(goes: (name: string) => boolean): Promise<void> {
    for (const name of (await readdir(this.#root)).filter(goes)) {
      await rm(join(this.#root, name), { recursive: true, force: true });
    }
  }

  async #dropUnused(): Promise<void> {
    const before = Date.now() - unusedMs;
    for (const name of await readdir(this.#root)) {
      if (name.endsWith('.lock')) continue;
      const dir = join(this.#root, name);
      // One that is being made, or was when its maker was killed, has no description.
      const used = await stat(join(dir, descriptionFile))
        .catch(() => stat(dir))
        .catch(() => undefined);
      // Gone meanwhile, if there is no time.
      if (used !== undefined && used.mtimeMs < before) {
        await rm(dir, { recursive: true, force: true });
      }
    }
  }

  async #make<Facts>(dir: string, recipe: TemplateRecipe<Facts>, wait: Wait): Promise<void> {
    await rm(dir, { recursive: true, force: true });
    // Who has the lock is the only one who makes it: what others have left of it was cut by their end.
    await this.#drop((name) => name.startsWith(workPrefix(dir)));
    const work = await mkdtemp(join(this.#root, workPrefix(dir)));
    try {
      const making: Wait = { signal: wait.signal, deadline: wait.deadline.sooner(makingMs) };
      const machine = { ...recipe.machine, runDir: work };
      this.observer(recipe.doing);
      const { saved, facts } = await save(recipe, machine, making);
      const state = join(work, stateFile);
      if (saved) {
        this.observer(recipe.check.doing);
        await recipe.check.run({ ...machine, template: state }, making);
      }
      const sha256 = saved ? await hashOf(state) : null;
      const description: Description = { version: 3, key: recipe.key, sha256, facts };
      await writeDurably(join(work, descriptionFile), `${JSON.stringify(description)}\n`);
      await rename(work, dir);
    } catch (error) {
      if (!wait.signal.aborted) await this.#keepConsole(work, dir);
      throw error;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

async function save<Facts>(
  { bring }: TemplateRecipe<Facts>,
  spec: MachineSpec,
  wait: Wait,
): Promise<{ readonly saved: boolean; readonly facts: Facts }> {
  const { vm, facts } = await bring(spec, wait);
  if (vm === null) return { saved: false, facts };
  await using brought = vm;
  await saveMachine(brought, stateFile, wait);
  // In order: what watches it writes down then what it has seen.
  await brought.stop();
  return { saved: true, facts };
}
