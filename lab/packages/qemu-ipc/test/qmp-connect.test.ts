// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import {
  AbortedError,
  CommandRefusedError,
  ConnectionLostError,
  GreetingError,
  ProtocolViolationError,
  TimedOutError,
} from '../src/errors.ts';
import { QmpClient } from '../src/qmp-client.ts';
import { connectedPair, GREETING, within } from './fake-qemu.ts';
import { rejection } from './rejection.ts';

describe('connecting to QMP', () => {
  it('reads the greeting and agrees to out-of-band commands', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const [client] = await Promise.all([QmpClient.connect(stream, within(2000)), qemu.behave()]);
    await using _client = client;
    expect(client.state).to.equal('running');
    expect(client.greeting.version.qemu).to.deep.equal({ major: 10, minor: 0, micro: 13 });
    expect(client.outOfBand).to.equal(true);
    expect(JSON.parse(qemu.received[0]?.text ?? '')).to.deep.equal({
      execute: 'qmp_capabilities',
      arguments: { enable: ['oob'] },
      id: 1,
    });
  });

  it('does not ask for out-of-band commands where they are not offered', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const connecting = QmpClient.connect(stream, within(2000));
    qemu.line(GREETING.replace('["oob"]', '[]'));
    qemu.answer(await qemu.next());
    await using client = await connecting;
    expect(client.outOfBand).to.equal(false);
    expect(qemu.received[0]?.text).to.not.contain('oob');
    const error = await rejection(
      client.executeOutOfBand('yank', { instances: [] }, within(1000)),
      CommandRefusedError,
    );
    expect(error.errorClass).to.equal('OutOfBandNotNegotiated');
  });

  it('gives up on a peer that never greets, by its own time-out', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const start = performance.now();
    const error = await rejection(
      QmpClient.connect(stream, within(60_000), { greetingTimeoutMs: 50 }),
      GreetingError,
    );
    expect(performance.now() - start).to.be.within(50, 5000);
    expect(error.cause).to.be.instanceOf(TimedOutError);
    expect(error.stack).to.contain('qmp-connect.test.ts');
    expect(stream.destroyed).to.equal(true);
  });

  it('gives up on a peer that never greets, by the deadline of the caller', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    await rejection(QmpClient.connect(stream, within(30)), GreetingError);
  });

  it('stops waiting for a greeting when aborted', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const wait = within(60_000, AbortSignal.timeout(20));
    await rejection(QmpClient.connect(stream, wait), AbortedError);
    expect(stream.destroyed).to.equal(true);
  });

  it('reports a peer that closes before it greets as lost', async () => {
    const { stream, qemu } = await connectedPair();
    const connecting = QmpClient.connect(stream, within(2000));
    qemu.close();
    const error = await rejection(connecting, ConnectionLostError);
    expect(error.reason).to.equal('peer-closed');
  });

  it('reports a stream that was dead already as lost at once', async () => {
    const { stream } = await connectedPair();
    stream.destroy();
    await rejection(QmpClient.connect(stream, within(60_000)), ConnectionLostError);
  });

  it('refuses something that is no greeting', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const connecting = QmpClient.connect(stream, within(2000));
    qemu.line('{"return": {}}');
    await rejection(connecting, GreetingError);
  });

  it('refuses a server that does not speak JSON, and prints its words harmlessly', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const connecting = QmpClient.connect(stream, within(2000));
    qemu.line('SSH-2.0-\u001b[31mdropbear');
    const error = await rejection(connecting, ProtocolViolationError);
    expect(error.message).to.contain('SSH-2.0-\\u001b[31mdropbear').and.not.contain('\u001b');
  });

  it('does not take a refused negotiation for a connection', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const connecting = QmpClient.connect(stream, within(2000));
    qemu.line(GREETING);
    const { id } = await qemu.next();
    qemu.line(`{"error": {"class": "GenericError", "desc": "no"}, "id": ${id}}`);
    const error = await rejection(connecting, GreetingError);
    expect(error.cause).to.be.instanceOf(CommandRefusedError);
  });

  it('loses no event that arrives together with the end of the negotiation', async () => {
    const { stream, qemu } = await connectedPair();
    await using _ = qemu;
    const event = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESUME"}\r\n';
    const behaved = qemu.behave(event.repeat(3));
    await using client = await QmpClient.connect(stream, within(2000));
    await using events = client.events({ names: ['RESUME'] });
    await behaved;
    for (let count = 0; count < 3; count += 1) {
      expect((await events.take(within(1000))).name).to.equal('RESUME');
    }
  });
});
