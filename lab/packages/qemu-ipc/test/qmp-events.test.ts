// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { AbortedError, ConnectionLostError, TimedOutError } from '../src/errors.ts';
import { QmpClient } from '../src/qmp-client.ts';
import { connectedPair, type FakeQemu, within } from './fake-qemu.ts';
import { rejection } from './rejection.ts';

describe('QMP events', () => {
  let client: QmpClient;
  let qemu: FakeQemu;

  beforeEach(async () => {
    const pair = await connectedPair();
    qemu = pair.qemu;
    [client] = await Promise.all([QmpClient.connect(pair.stream, within(2000)), qemu.behave()]);
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await qemu[Symbol.asyncDispose]();
  });

  /** Resolves when the client has handled everything QEMU said so far. */
  async function caughtUp(): Promise<void> {
    const answer = client.execute('query-name', {}, within(5000));
    qemu.answer(await qemu.next());
    await answer;
  }

  it('reach each listener in order, with data and time', async () => {
    await using one = client.events();
    await using two = client.events({ names: ['RESET'] });
    qemu.event('STOP');
    qemu.event('RESET', '{"guest": true, "reason": "guest-reset"}');
    expect((await one.take(within(1000))).name).to.equal('STOP');
    expect((await one.take(within(1000))).name).to.equal('RESET');
    const reset = await two.take(within(1000));
    expect(reset.data.reason).to.equal('guest-reset');
    expect(reset.timestamp).to.deep.equal({ seconds: 1, microseconds: 2 });
    expect(client.statistics.events).to.equal(2);
  });

  it('beyond the capacity push the oldest out, and are counted, while others get them all', async () => {
    await using slow = client.events({ names: ['BLOCK_JOB_READY'], capacity: 10 });
    await using roomy = client.events({ capacity: 5000 });
    for (let count = 0; count < 3000; count += 1) {
      qemu.event('BLOCK_JOB_READY', `{"device": "${count}"}`);
    }
    await caughtUp();
    expect(slow.dropped).to.equal(2990);
    expect((await slow.take(within(1000))).data.device).to.equal('2990');
    expect(roomy.dropped).to.equal(0);
    for (let count = 0; count < 3000; count += 1) {
      expect((await roomy.take(within(1000))).data).to.deep.equal({ device: `${count}` });
    }
  });

  it('of other names do not push a wanted one out', async () => {
    await using events = client.events({ names: ['GUEST_PANICKED'], capacity: 1 });
    qemu.event('GUEST_PANICKED', '{"action": "pause"}');
    for (let count = 0; count < 100; count += 1) qemu.event('STOP');
    await caughtUp();
    expect((await events.take(within(1000))).data.action).to.equal('pause');
    expect(events.dropped).to.equal(0);
  });

  it('that came before the link died are delivered, then the iteration throws', async () => {
    const events = client.events();
    qemu.event('STOP');
    qemu.event('SHUTDOWN');
    qemu.close();
    const names: string[] = [];
    const loop = (async () => {
      for await (const event of events) names.push(event.name);
    })();
    const error = await rejection(loop, ConnectionLostError);
    expect(names).to.deep.equal(['STOP', 'SHUTDOWN']);
    expect(error.reason).to.equal('peer-closed');
  });

  it('throw to a listener that waits when the link dies', async () => {
    const events = client.events();
    const waiting = rejection(events.take(within(60_000)), ConnectionLostError);
    qemu.close();
    const error = await waiting;
    expect(error.stack).to.contain('qmp-events.test.ts');
    await rejection(events.take(within(1000)), ConnectionLostError);
  });

  it('end the iteration with a ConnectionLostError after a protocol violation', async () => {
    const waiting = rejection(client.events().next(), ConnectionLostError);
    qemu.line('garbage');
    expect((await waiting).reason).to.equal('protocol-violation');
  });

  it('end the iteration cleanly when the client is closed', async () => {
    const events = client.events();
    const loop = (async () => {
      for await (const _ of events);
      return 'done';
    })();
    await client[Symbol.asyncDispose]();
    expect(await loop).to.equal('done');
    for await (const _ of client.events()) expect.fail('an event of a closed client');
  });

  it('end the iteration cleanly when the listener is closed, and only that one', async () => {
    const closing = client.events();
    await using staying = client.events();
    const waiting = closing.next();
    await closing[Symbol.asyncDispose]();
    expect((await waiting).done).to.equal(true);
    qemu.event('STOP');
    expect((await staying.take(within(1000))).name).to.equal('STOP');
    expect((await closing.next()).done).to.equal(true);
  });

  it('stop being kept once the loop over them is left', async () => {
    const events = client.events();
    qemu.event('STOP');
    for await (const event of events) {
      expect(event.name).to.equal('STOP');
      break;
    }
    qemu.event('RESUME');
    await caughtUp();
    expect((await events.next()).done).to.equal(true);
  });

  it('are not swallowed by a wait that gave up', async () => {
    await using events = client.events({ names: ['STOP', 'RESUME'] });
    const error = await rejection(events.take(within(20)), TimedOutError);
    expect(error.waitingFor).to.deep.equal(['STOP or RESUME']);
    await rejection(events.take(within(5000, AbortSignal.timeout(10))), AbortedError);
    qemu.event('STOP');
    await caughtUp();
    await rejection(events.take(within(5000, AbortSignal.abort())), AbortedError);
    expect((await events.take(within(1000))).name).to.equal('STOP');
  });

  it('need a capacity that makes sense', () => {
    expect(() => client.events({ capacity: 0 })).to.throw(RangeError);
  });
});
