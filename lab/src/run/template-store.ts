// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { lockFile } from '../artifacts/file-lock.ts';
import { LabFailure } from '../errors.ts';
import { cpioArchive } from '../vm/cpio-archive.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { qemuArguments } from '../vm/qemu-command-line.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import { canonicalJson } from './canonical-json.ts';
import { writeDurably } from './durable-file.ts';

/** A booted machine on the disk, to go on with any number of times. */
export interface Template {
  readonly key: string;
  /** The saved machine. */
  readonly state: string;
}

/** What decides what a template is, besides its machine. */
export interface TemplateParts {
  /** Identities of what the machine is made of. */
  readonly qemu: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/** Told what happens, as booting takes long. */
export type TemplateObserver = (what: string) => void;

interface Description {
  readonly version: 2;
  readonly key: string;
  /** Of the state's file: one that is not the same any more is made again. */
  readonly sha256: string;
}

const stateFile = 'state';
const descriptionFile = 'template.json';
/** An emulated debug kernel boots in half a minute; this is for hosts under heavy load. */
const bootMs = 600_000;
const probeNs = 1e9;
/** Templates that nobody has used for so long are dropped when another one is made. */
const unusedMs = 7 * 24 * 3_600_000;

/** Templates below a folder, made when they are asked for, dropped when nobody has used them for a week. */
export class TemplateStore {
  readonly #root: string;
  readonly #observer: TemplateObserver;
  /** Hashes that this process has computed, each once however many ask. */
  readonly #hashes = new Map<string, Promise<string>>();

  constructor(root: string, observer: TemplateObserver = () => undefined) {
    this.#root = root;
    this.#observer = observer;
  }

  /** The template of a machine, whose `runDir` and `simulation` do not matter. Made if it is not there, or damaged. */
  async get(machine: MachineSpec, parts: TemplateParts, wait: Wait): Promise<Template> {
    const key = templateKey(machine, parts);
    const dir = join(this.#root, key.slice(0, 16));
    const template: Template = { key, state: join(dir, stateFile) };
    if (await this.#isSound(dir, key)) return template;
    await mkdir(this.#root, { recursive: true });
    await using _lock = await lockFile(`${dir}.lock`, wait.signal, () => {
      this.#observer('waiting for somebody else who makes the same template');
    });
    if (!(await this.#isSound(dir, key))) {
      if (existsSync(join(dir, descriptionFile))) this.#observer('the saved machine is damaged');
      await this.#dropUnused();
      await this.#make(dir, key, machine, wait);
    }
    return template;
  }

  /** Drops one that turned out to be of no use. */
  async discard({ key }: Template): Promise<void> {
    this.#hashes.delete(key);
    await rm(join(this.#root, key.slice(0, 16)), { recursive: true, force: true });
  }

  /** Whether it is there, and is what was made. A saved machine has no checksum of its own: QEMU would load any. */
  async #isSound(dir: string, key: string): Promise<boolean> {
    const file = join(dir, descriptionFile);
    try {
      const {
        version,
        key: made,
        sha256,
      } = JSON.parse(await readFile(file, 'utf8')) as Description;
      if (version !== 2 || made !== key) return false;
      const hash = this.#hashes.get(key) ?? hashOf(join(dir, stateFile));
      this.#hashes.set(key, hash);
      if ((await hash) !== sha256) {
        this.#hashes.delete(key);
        return false;
      }
      const now = new Date();
      // Of a cache that belongs to somebody else the time cannot be noted.
      await utimes(file, now, now).catch(() => undefined);
      return true;
    } catch {
      this.#hashes.delete(key);
      return false;
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

  async #make(dir: string, key: string, machine: MachineSpec, wait: Wait): Promise<void> {
    await rm(dir, { recursive: true, force: true });
    const work = await mkdtemp(`${dir}.making-`);
    try {
      const booting: Wait = { signal: wait.signal, deadline: wait.deadline.sooner(bootMs) };
      this.#observer('booting a machine to begin all runs with');
      await saveBooted({ ...machine, runDir: work }, booting);
      this.#observer('looking whether it does the same twice');
      await mustRepeat({ ...machine, runDir: work }, join(work, stateFile), booting);
      const sha256 = await hashOf(join(work, stateFile));
      const description: Description = { version: 2, key, sha256 };
      await writeDurably(join(work, descriptionFile), `${JSON.stringify(description)}\n`);
      await rename(work, dir);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

/** Everything that QEMU is told, and what the files are that it is told of. */
function templateKey(machine: MachineSpec, parts: TemplateParts): string {
  const simulation = { scheduler: { policy: { policy: 'fair' }, seed: 0n } } as const;
  const { qemu, kernel, initramfs } = parts;
  const arguments_ = qemuArguments({ ...machine, simulation });
  const content = canonicalJson({ version: 2, qemu, kernel, initramfs, arguments: arguments_ });
  return createHash('sha256').update(content).digest('hex');
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

async function saveBooted(machine: MachineSpec, wait: Wait): Promise<void> {
  const simulation = { scheduler: { policy: { policy: 'fair' }, seed: 0n } } as const;
  await using booted = await SimulatedMachine.boot({ ...machine, simulation }, wait);
  await booted.save(stateFile, wait);
}

/** A template whose runs differ is worth nothing. */
async function mustRepeat(machine: MachineSpec, template: string, wait: Wait): Promise<void> {
  const [first, second] = [
    await probe(machine, template, wait),
    await probe(machine, template, wait),
  ];
  if (first === second) return;
  throw new LabFailure('NOT_DETERMINISTIC', 'a saved machine does not do the same twice', {
    remedy: `Please report it: ${first} and ${second}.`,
  });
}

/** What it takes the machine to do a little with a schedule that is drawn. */
async function probe(machine: MachineSpec, template: string, wait: Wait): Promise<string> {
  const scheduler = { policy: { policy: 'random', sliceMax: 20_000 }, seed: 1n } as const;
  const spec = { ...machine, simulation: { scheduler, template } };
  await using loaded = await SimulatedMachine.load(spec, wait);
  const script = '#!/bin/sh\ncat /proc/uptime /proc/interrupts\n';
  const task = cpioArchive([{ path: 'sim/run', mode: 0o755, content: script }]);
  const end = await loaded.run(task, probeNs, { ...wait, deadline: Deadline.after(bootMs) });
  const said = end.kind === 'done' ? end.stdout : end.kind;
  const hash = createHash('sha256').update(said).digest('hex').slice(0, 16);
  return `${await loaded.virtualNs(wait)} ns ${hash}`;
}
