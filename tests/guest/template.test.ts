// SPDX-License-Identifier: Apache-2.0

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { bootedTemplate } from '../../lab/src/run/booted-template.ts';
import { type Template, TemplateStore } from '../../lab/src/run/template-store.ts';
import { gatherMachineParts } from '../../lab/src/soak/soak-parts.ts';

const within = (ms: number) => ({
  signal: new AbortController().signal,
  deadline: Deadline.after(ms),
});
const root = mkdtempSync(join(tmpdir(), 'ferrolab-templates-'));

describe('a saved machine', function () {
  this.timeout(900_000);
  let told: string[] = [];
  const booting = 'booting a machine to begin all runs with';

  /** A template of the fast kernel, asked for by a process of its own. */
  async function ask(): Promise<Template> {
    told = [];
    const progress = new StreamProgress(process.stderr);
    const options = { wait: within(600_000), progress };
    const parts = await gatherMachineParts('fast', options).finally(() => progress.close());
    const machine = {
      cpus: 2,
      memoryMiB: 256,
      accel: 'tcg',
      instructionClock: { shift: 1, seed: 1 },
      kernel: parts.vmlinux,
      initramfs: [parts.initramfs],
      append: [],
      nics: [],
      qemu: parts.qemu,
      runDir: '',
    } as const;
    const store = new TemplateStore(root, (what) => told.push(what));
    return await store.get(bootedTemplate(machine, parts.hashes), within(600_000));
  }

  after(() => rmSync(root, { recursive: true }));

  it('is made when it is asked for, and once', async () => {
    const made = await ask();
    expect(told).to.include(booting);
    expect(await ask()).to.deep.equal(made);
    expect(told).to.deep.equal([]);
  });

  it('is made again when a byte of it has changed', async () => {
    const { folder } = await ask();
    const file = openSync(join(folder, 'state'), 'r+');
    writeSync(file, '?', 100_000_000);
    closeSync(file);
    await ask();
    expect(told.slice(0, 2)).to.deep.equal(['the saved machine is damaged', booting]);
  });

  it('goes when nobody has used it for a week, and another one is made', async () => {
    const { folder } = await ask();
    const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    for (const name of ['0123456789abcdef', 'fedcba9876543210.making-x']) {
      mkdirSync(join(root, name));
      utimesSync(join(root, name), longAgo, longAgo);
    }
    await ask();
    expect(readdirSync(root)).to.include('0123456789abcdef');
    rmSync(join(folder, 'state'));
    const another = await ask();
    const left = readdirSync(root).filter((name) => !name.endsWith('.lock'));
    expect(left).to.deep.equal([another.key.slice(0, 16)]);
  });
});
