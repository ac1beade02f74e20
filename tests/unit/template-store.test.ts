// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { type TemplateRecipe, TemplateStore } from '../../lab/src/run/template-store.ts';
import type { MachineSpec } from '../../lab/src/vm/machine-spec.ts';

describe('a machine that cannot be brought to where it is to be saved', () => {
  let root: string;
  let tries: number;
  const wait = { signal: new AbortController().signal, deadline: Deadline.after(10_000) };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ferrolab-templates-'));
    tries = 0;
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const recipe = (key: string): TemplateRecipe<string> => ({
    key,
    doing: 'trying',
    machine: {} as MachineSpec,
    bring: async () => {
      tries += 1;
      return { vm: null, facts: 'its driver does not load' };
    },
    check: { doing: 'checking', run: async () => undefined },
  });

  it('is not tried again, and what is known of it stays', async () => {
    const key = 'a'.repeat(64);
    const first = await new TemplateStore(root).get(recipe(key), wait);
    expect(first).to.deep.include({ key, state: null, facts: 'its driver does not load' });
    expect(await new TemplateStore(root).get(recipe(key), wait)).to.deep.equal(first);
    expect(tries).to.equal(1);
  });

  it('is another one when it is made of something else', async () => {
    const store = new TemplateStore(root);
    await store.get(recipe('a'.repeat(64)), wait);
    await store.get(recipe('b'.repeat(64)), wait);
    expect(tries).to.equal(2);
  });

  it('takes the place of one whose maker was killed', async () => {
    const key = 'd'.repeat(64);
    mkdirSync(join(root, `${key.slice(0, 16)}.making-killed`));
    await new TemplateStore(root).get(recipe(key), wait);
    expect(readdirSync(root).filter((name) => !name.endsWith('.lock'))).to.deep.equal([
      key.slice(0, 16),
    ]);
  });

  it('leaves nothing behind when trying fails', async () => {
    const failing = {
      ...recipe('c'.repeat(64)),
      bring: async () => {
        throw new Error('QEMU cannot be started');
      },
    };
    const store = new TemplateStore(root);
    const error = await store.get(failing, wait).catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain('QEMU cannot be started');
    expect(readdirSync(root).filter((name) => !name.endsWith('.lock'))).to.deep.equal([]);
    expect((await store.get(recipe('c'.repeat(64)), wait)).state).to.equal(null);
  });
});
