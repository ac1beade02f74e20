// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import {
  AbortedError,
  CommandRefusedError,
  ConnectionLostError,
  ProtocolViolationError,
  TimedOutError,
} from '../src/errors.ts';
import { QmpClient, type QmpOptions } from '../src/qmp-client.ts';
import { connectedPair, type FakeQemu, within } from './fake-qemu.ts';
import { rejection } from './rejection.ts';

async function running(options?: QmpOptions): Promise<{ client: QmpClient; qemu: FakeQemu }> {
  const { stream, qemu } = await connectedPair();
  const [client] = await Promise.all([
    QmpClient.connect(stream, within(2000), options),
    qemu.behave(),
  ]);
  return { client, qemu };
}

describe('QMP commands', () => {
  let client: QmpClient;
  let qemu: FakeQemu;

  beforeEach(async () => {
    ({ client, qemu } = await running({ maxLineBytes: 100_000 }));
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await qemu[Symbol.asyncDispose]();
  });

  it('match answers to questions by id, in any order', async () => {
    const first = client.execute('query-name', {}, within(1000));
    const second = client.execute('query-version', {}, within(1000));
    const [one, two] = [await qemu.next(), await qemu.next()];
    qemu.answer(two, '{"package": "second", "qemu": {"major": 1, "minor": 2, "micro": 3}}');
    qemu.answer(one, '{"name": "first"}');
    expect((await first).name).to.equal('first');
    expect((await second).package).to.equal('second');
    expect(client.pendingCommands).to.deep.equal([]);
  });

  it('carry 64-bit integers exactly both ways', async () => {
    const answer = client.execute('balloon', { value: 18446744073709551615n }, within(1000));
    const got = await qemu.next();
    expect(got.text).to.contain('"value":18446744073709551615');
    qemu.answer(got, '{"small": 5, "large": 9223372036854775807}');
    const value: unknown = await answer;
    expect(value).to.deep.equal({ small: 5, large: 9223372036854775807n });
  });

  it('are not sent with a number that has lost its last digits', async () => {
    await rejection(client.execute('balloon', { value: 2 ** 60 }, within(1000)), RangeError);
    expect(client.pendingCommands).to.deep.equal([]);
  });

  it('tell what QEMU refused and why, with the stack of the caller', async () => {
    async function aCallerWithAName(): Promise<void> {
      await client.execute('device_del', { id: 'nic9' }, within(1000));
    }
    const refused = aCallerWithAName();
    const { id } = await qemu.next();
    qemu.line(`{"id": ${id}, "error": {"class": "DeviceNotFound", "desc": "no nic9", "x": 1}}`);
    const error = await rejection(refused, CommandRefusedError);
    expect(error).to.include({
      code: 'QMP_COMMAND_REFUSED',
      command: 'device_del',
      errorClass: 'DeviceNotFound',
      desc: 'no nic9',
    });
    expect(error.stack).to.contain('aCallerWithAName').and.contain('qmp-commands.test.ts');
    expect(error.stack?.split('\n')[1]).to.contain('aCallerWithAName');
  });

  it('ignore answers to ids that were never used, and count them', async () => {
    const answer = client.execute('query-name', {}, within(1000));
    const got = await qemu.next();
    qemu.line('{"return": {"name": "stray"}, "id": 4711}');
    qemu.line('{"return": {"name": "stray"}, "id": "1"}');
    qemu.line('{"return": {"name": "stray"}}');
    qemu.answer(got, '{"name": "mine"}');
    expect((await answer).name).to.equal('mine');
    expect(client.statistics.unknownReplies).to.equal(3);
  });

  it('time out by name, and the late answer disturbs nobody', async () => {
    const error = await rejection(client.execute('stop', {}, within(30)), TimedOutError);
    expect(error.waitingFor).to.deep.equal(['the answer to stop']);
    expect(error.stack).to.contain('qmp-commands.test.ts');
    expect(client.pendingCommands).to.deep.equal(['stop']);
    const next = client.execute('query-name', {}, within(1000));
    qemu.answer(await qemu.next(), '{"late": true}');
    qemu.answer(await qemu.next(), '{"name": "next"}');
    expect((await next).name).to.equal('next');
    expect(client.statistics).to.include({ lateReplies: 1, unknownReplies: 0 });
  });

  it('are not sent when the deadline has passed or the signal has fired', async () => {
    await rejection(client.execute('stop', {}, within(0)), TimedOutError);
    await rejection(client.execute('stop', {}, within(1000, AbortSignal.abort())), AbortedError);
    const probe = client.execute('query-name', {}, within(1000));
    expect((await qemu.next()).command).to.equal('query-name');
    qemu.answer(qemu.received.at(-1) ?? { text: '', id: 0, command: '' });
    await probe;
  });

  it('can be aborted while QEMU works on them', async () => {
    const controller = new AbortController();
    const stopping = client.execute('stop', {}, within(60_000, controller.signal));
    const got = await qemu.next();
    controller.abort(new Error('Ctrl-C'));
    const error = await rejection(stopping, AbortedError);
    expect(error.cause).to.have.property('message', 'Ctrl-C');
    qemu.answer(got);
    const probe = client.execute('query-name', {}, within(1000));
    qemu.answer(await qemu.next());
    await probe;
    expect(client.statistics.lateReplies).to.equal(1);
  });

  it('are at most 8 with QEMU, the others wait their turn in order', async () => {
    const answers = Array.from({ length: 20 }, (_, number) =>
      client.execute('query-name', { number } as never, within(2000)),
    );
    await delay(50);
    expect(qemu.received.length).to.equal(1 + 8);
    for (let number = 0; number < 20; number += 1) {
      const got = await qemu.next();
      expect(got.text).to.contain(`"number":${number}}`);
      expect(client.pendingCommands.length).to.equal(20 - number);
      qemu.answer(got, `{"name": "${number}"}`);
      await answers[number];
    }
    expect((await Promise.all(answers)).map(({ name }) => name)).to.deep.equal(
      Array.from({ length: 20 }, (_, number) => `${number}`),
    );
  });

  it('say what they queued behind when there is no place for them', async () => {
    const stuck = Array.from({ length: 8 }, () =>
      rejection(client.execute('query-block', {}, within(60)), TimedOutError),
    );
    const queued = rejection(client.execute('stop', {}, within(30)), TimedOutError);
    expect((await queued).waitingFor).to.deep.equal([
      'a free place for stop',
      ...Array(8).fill('the answer to query-block'),
    ]);
    await Promise.all(stuck);
    // Abandoned commands keep their places: QEMU still has them.
    const patient = client.execute('query-name', {}, within(2000));
    for (let count = 0; count < 8; count += 1) qemu.answer(await qemu.next(), '[]');
    const got = await qemu.next();
    expect(got.command).to.equal('query-name');
    qemu.answer(got);
    await patient;
  });

  it('overtake out of band even when all 8 places are taken', async () => {
    const stuck = Array.from({ length: 8 }, () => client.execute('query-block', {}, within(2000)));
    const yank = client.executeOutOfBand('query-yank', {}, within(1000));
    const got = Array.from({ length: 9 });
    for (let index = 0; index < 9; index += 1) got[index] = await qemu.next();
    const last = qemu.received.at(-1);
    expect(last?.text).to.match(/^\{"exec-oob":"query-yank"/);
    for (const entry of qemu.received.slice(1)) qemu.answer(entry, '[]');
    expect(await yank).to.deep.equal([]);
    await Promise.all(stuck);
  });

  it('all fail with their own stack when QEMU goes away, and later ones at once', async () => {
    const pending = [
      rejection(client.execute('stop', {}, within(5000)), ConnectionLostError),
      rejection(client.execute('cont', {}, within(5000)), ConnectionLostError),
    ];
    await qemu.next();
    qemu.close();
    const [stop, cont] = await Promise.all(pending);
    expect(stop).to.not.equal(cont);
    expect(stop?.reason).to.equal('peer-closed');
    expect(stop?.pendingCommands).to.deep.equal(['stop', 'cont']);
    expect(stop?.stack).to.contain('qmp-commands.test.ts');
    expect((await client.closed).reason).to.equal('peer-closed');
    expect(client.state).to.equal('closed');
    const later = await rejection(client.execute('stop', {}, within(5000)), ConnectionLostError);
    expect(later.message).to.contain('cannot send stop');
    expect(later.stack).to.contain('qmp-commands.test.ts');
  });

  it('tell a connection that ended in the middle of a line', async () => {
    const pending = rejection(client.execute('stop', {}, within(5000)), ConnectionLostError);
    const { id } = await qemu.next();
    qemu.say(`{"id": ${id}, "ret`);
    qemu.close();
    expect((await pending).message).to.contain('in the middle of a line');
  });

  it('are answered when QEMU answers and closes in one breath', async () => {
    const quit = client.execute('quit', {}, within(5000));
    qemu.answer(await qemu.next());
    qemu.close();
    expect(await quit).to.deep.equal({});
    expect((await client.closed).pendingCommands).to.deep.equal([]);
  });

  it('fail when our own side closes with them in flight', async () => {
    const pending = rejection(client.execute('stop', {}, within(5000)), ConnectionLostError);
    await client[Symbol.asyncDispose]();
    expect((await pending).reason).to.equal('disposed');
    expect((await client.closed).reason).to.equal('disposed');
    await client[Symbol.asyncDispose](); // twice does no harm
  });

  const violations: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['a line that is not JSON', '{"return": }\n', 'not JSON'],
    ['two values on a line', '{"return": {}} {"return": {}}\n', 'not JSON'],
    ['a value that is no message', '[1, 2]\n', 'neither greeting, reply nor event'],
    ['an object that is no message', '{"hello": 1}\n', 'neither greeting, reply nor event'],
    ['an error without class', '{"error": {}, "id": 2}\n', 'neither greeting, reply nor event'],
    ['an event without time', '{"event": "STOP"}\n', 'neither greeting, reply nor event'],
    [
      'a second greeting',
      `{"QMP": {"version": {"qemu": {"major":1,"minor":1,"micro":1}}}}\n`,
      'second',
    ],
    ['an error about nothing', '{"error": {"class": "A", "desc": "b"}}\n', 'without an id'],
    ['a line without an end', Buffer.alloc(100_001, 'x'), 'longer than 100000 bytes'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22, 0x0a), 'not UTF-8'],
    ['nesting without an end', `${'['.repeat(50_000)}\n`, 'not JSON'],
  ];
  for (const [name, text, message] of violations) {
    it(`end the connection at ${name}, they do not skip it`, async () => {
      const pending = rejection(client.execute('stop', {}, within(5000)), ProtocolViolationError);
      await qemu.next();
      qemu.say(text);
      const error = await pending;
      expect(error.message).to.contain(message);
      expect(error.stack).to.contain('qmp-commands.test.ts');
      const closed = await client.closed;
      expect(closed.reason).to.equal('protocol-violation');
      expect(closed.cause).to.be.instanceOf(ProtocolViolationError);
      await rejection(client.execute('stop', {}, within(5000)), ConnectionLostError);
    });
  }

  it('read members they do not know over', async () => {
    const answer = client.execute('query-name', {}, within(1000));
    const { id } = await qemu.next();
    qemu.line(`{"return": {"name": "n"}, "id": ${id}, "future": [1]}`);
    expect((await answer).name).to.equal('n');
  });

  it('share one signal by the hundred without a warning about leaks', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    const { signal } = new AbortController();
    const answers = Array.from({ length: 100 }, () =>
      client.execute('query-name', {}, within(2000, signal)),
    );
    for (let count = 0; count < 100; count += 1) qemu.answer(await qemu.next());
    await Promise.all(answers);
    await delay(10);
    process.off('warning', listen);
    expect(warnings).to.deep.equal([]);
  });
});

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
