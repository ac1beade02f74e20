// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { sandboxed } from '../../lab/src/vm/sandbox.ts';

const holder = fileURLToPath(new URL('fixtures/holds-a-sandbox.mjs', import.meta.url));
const hostAsTree = { root: '/', mounts: [], kvm: false };

/** Ids of the processes, other than the harness, that carry the mark in their command line. */
function marked(mark: string): number[] {
  const hasMark = (pid: string): boolean => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return words.includes(mark) && !words.includes(holder);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && hasMark(name))
    .map(Number);
}

function startHarness(mark: string): ChildProcess {
  // A shell that waits for its child keeps the mark among its words.
  const command = sandboxed(hostAsTree, ['sh', '-c', 'sleep 1000; true', mark]);
  return fork(holder, [JSON.stringify(command)]);
}

async function gone(mark: string): Promise<boolean> {
  for (let tries = 0; tries < 40; tries += 1) {
    if (marked(mark).length === 0) return true;
    await delay(50);
  }
  return false;
}

describe('a harness that is killed', () => {
  it('runs its program in the sandbox as long as it lives', async () => {
    const mark = `lab-mark-${process.pid}-alive`;
    const harness = startHarness(mark);
    while ((await once(harness, 'message'))[0] !== 'let go');
    expect(marked(mark)).not.to.deep.equal([]);
    harness.kill('SIGKILL');
    expect(await gone(mark)).to.equal(true);
  }).timeout(60_000);

  it('leaves no process behind, at whatever moment of the start it dies', async () => {
    const kill = async (index: number): Promise<string | undefined> => {
      const mark = `lab-mark-${process.pid}-${index}.`;
      const harness = startHarness(mark);
      await once(harness, 'message');
      await delay(index * 2);
      harness.kill('SIGKILL');
      return (await gone(mark)) ? undefined : `killed after ${index * 2} ms`;
    };
    const leaks: (string | undefined)[] = [];
    for (let batch = 0; batch < 5; batch += 1) {
      const indexes = Array.from({ length: 8 }, (_none, place) => batch * 8 + place);
      leaks.push(...(await Promise.all(indexes.map(kill))));
    }
    expect(leaks.filter((leak) => leak !== undefined)).to.deep.equal([]);
  }).timeout(180_000);
});
