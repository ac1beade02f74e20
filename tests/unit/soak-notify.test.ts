// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Notice, Notifier } from '../../lab/src/soak/notify.ts';

const paused: Notice = { event: 'paused', campaign: 'c1', reason: 'no "room" left\n' };
const resumed: Notice = { event: 'resumed', campaign: 'c1' };

describe('the notify command of a campaign', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-notify-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gets each notice as one line of JSON, in order', async () => {
    const file = join(folder, 'notices');
    {
      await using notifier = new Notifier(['sh', '-c', `cat >>${file}`], () => undefined);
      notifier.send(paused);
      notifier.send(resumed);
    }
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal([paused, resumed]);
  });

  it('may fail without harm to the campaign, which says so', async () => {
    const problems: string[] = [];
    {
      await using notifier = new Notifier(['sh', '-c', 'cat >/dev/null; exit 7'], (problem) =>
        problems.push(problem),
      );
      notifier.send(paused);
    }
    {
      await using notifier = new Notifier(['/no/such/program'], (problem) =>
        problems.push(problem),
      );
      notifier.send(paused);
    }
    expect(problems).to.have.length(2);
    expect(problems[0]).to.include('exit code 7');
    expect(problems[1]).to.include('/no/such/program');
  });

  it('may end without reading', async () => {
    const problems: string[] = [];
    {
      await using notifier = new Notifier(['true'], (problem) => problems.push(problem));
      notifier.send({ ...paused, reason: 'x'.repeat(1_000_000) });
      notifier.send(resumed);
    }
    expect(problems).to.deep.equal([]);
  });

  it('need not be there', async () => {
    await using notifier = new Notifier(undefined, expect.fail);
    notifier.send(paused);
  });
});
