// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
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
  readonly version: 1;
  readonly key: string;
  /** Of the state's file: one that was cut, or written to, is made again. */
  readonly bytes: number;
  readonly modifiedMs: number;
}

const stateFile = 'state';
const descriptionFile = 'template.json';
/** An emulated debug kernel boots in half a minute; this is for hosts under heavy load. */
const bootMs = 600_000;
const probeNs = 1e9;

/** Templates below a folder, made when they are asked for. */
export class TemplateStore {
  readonly #root: string;
  readonly #observer: TemplateObserver;

  constructor(root: string, observer: TemplateObserver = () => undefined) {
    this.#root = root;
    this.#observer = observer;
  }

  /** The template of a machine, whose `runDir` and `simulation` do not matter. Made if it is not there, or damaged. */
  async get(machine: MachineSpec, parts: TemplateParts, wait: Wait): Promise<Template> {
    const key = templateKey(machine, parts);
    const dir = join(this.#root, key.slice(0, 16));
    const template: Template = { key, state: join(dir, stateFile) };
    if (await isWhole(dir, key)) return template;
    await mkdir(this.#root, { recursive: true });
    await using _lock = await lockFile(`${dir}.lock`, wait.signal, () => {
      this.#observer('waiting for somebody else who makes the same template');
    });
    if (!(await isWhole(dir, key))) await this.#make(dir, key, machine, wait);
    return template;
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
      const { size, mtimeMs } = await stat(join(work, stateFile));
      const description: Description = { version: 1, key, bytes: size, modifiedMs: mtimeMs };
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
  const content = canonicalJson({ version: 1, qemu, kernel, initramfs, arguments: arguments_ });
  return createHash('sha256').update(content).digest('hex');
}

async function isWhole(dir: string, key: string): Promise<boolean> {
  try {
    const text = await readFile(join(dir, descriptionFile), 'utf8');
    const { version, key: made, bytes, modifiedMs } = JSON.parse(text) as Description;
    const { size, mtimeMs } = await stat(join(dir, stateFile));
    return version === 1 && made === key && size === bytes && mtimeMs === modifiedMs;
  } catch {
    return false;
  }
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
