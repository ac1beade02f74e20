// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import {
  CommandRefusedError,
  ConnectionLostError,
  GreetingError,
} from '../../lab/packages/qemu-ipc/src/errors.ts';
import type { Commands, Events, SchemaInfo } from '../../lab/packages/qemu-ipc/src/qapi.gen.ts';
import { QmpClient } from '../../lab/packages/qemu-ipc/src/qmp-client.ts';
import { Deadline, type Wait } from '../../lab/packages/qemu-ipc/src/wait.ts';
import { besideQemu } from '../support/qemu-command.ts';

function within(ms: number): Wait {
  return { signal: new AbortController().signal, deadline: Deadline.after(ms) };
}

const [qemuProgram, ...qemuPrefix] = await besideQemu('/lab/qemu/bin/qemu-system-x86_64');

/** A QEMU without a machine whose monitor is our end of an inherited socket pair. */
function startQemu(
  extra: readonly string[] = [],
  stderr: 'inherit' | 'ignore' = 'inherit',
): { qemu: ChildProcess; stream: Duplex } {
  const args = ['-machine', 'none', '-nodefaults', '-display', 'none', ...extra];
  const monitor = ['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'];
  const qemu = spawn(qemuProgram, [...qemuPrefix, ...args, ...monitor], {
    stdio: ['ignore', 'ignore', stderr, 'pipe'],
    detached: true, // a process group of its own, see `kill`
  });
  return { qemu, stream: qemu.stdio[3] as Duplex };
}

/** Kills the whole group: the command may be a sandbox with QEMU inside. */
function kill(qemu: ChildProcess): void {
  if (qemu.pid === undefined) return;
  try {
    process.kill(-qemu.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('the QMP client with our QEMU', () => {
  let qemu: ChildProcess;
  let client: QmpClient;

  beforeEach(async () => {
    const started = startQemu();
    qemu = started.qemu;
    client = await QmpClient.connect(started.stream, within(8_000));
  });

  afterEach(async () => {
    await client?.[Symbol.asyncDispose]();
    if (qemu === undefined) return;
    kill(qemu);
    if (qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit');
  });

  it('talks to the version the types were generated for', async () => {
    expect(client.greeting.version.qemu).to.include({ major: 10, minor: 0 });
    expect(client.outOfBand).to.equal(true);
    const version = await client.execute('query-version', {}, within(5_000));
    expect(version.qemu).to.deep.equal(client.greeting.version.qemu);
  });

  it('finds every command and event that the lab uses in this QEMU', async () => {
    const commands: readonly (keyof Commands)[] = [
      'cont',
      'device_add',
      'device_del',
      'ferronic-cancel-fault',
      'ferronic-inject-fault',
      'ferronic-inject-irq-storm',
      'ferronic-inject-link-flap',
      'ferronic-traffic-start',
      'ferronic-traffic-stop',
      'migrate',
      'query-ferronic',
      'query-ferronic-faults',
      'query-ferronic-traffic',
      'query-ferronic-violations',
      'query-status',
      'quit',
      'stop',
      'system_powerdown',
    ];
    const events: readonly (keyof Events)[] = [
      'DEVICE_DELETED',
      'FERRONIC_VIOLATION',
      'GUEST_PANICKED',
      'RESET',
      'SHUTDOWN',
      'STOP',
    ];
    const schema = await client.execute('query-qmp-schema', {}, within(5_000));
    const named = (kind: SchemaInfo['meta-type']): readonly string[] =>
      schema.filter((entry) => entry['meta-type'] === kind).map((entry) => entry.name);
    expect(named('command')).to.include.members([...commands]);
    expect(named('event')).to.include.members([...events]);
  });

  it('gets all answers when more commands are asked than QEMU takes at a time', async () => {
    const answers = Array.from({ length: 50 }, () =>
      client.execute('query-status', {}, within(8_000)),
    );
    for (const { status } of await Promise.all(answers)) expect(status).to.be.a('string');
    expect(client.statistics).to.include({ lateReplies: 0, unknownReplies: 0 });
  });

  it('runs a command out of band', async () => {
    expect(await client.executeOutOfBand('query-yank', {}, within(5_000))).to.be.an('array');
  });

  it('carries 64-bit integers exactly', async () => {
    const exact = 2n ** 60n + 1n;
    await client.execute('migrate-set-parameters', { 'max-bandwidth': exact }, within(5_000));
    const parameters = await client.execute('query-migrate-parameters', {}, within(5_000));
    expect(parameters['max-bandwidth']).to.equal(exact);
  });

  it('is told what QEMU refuses', async () => {
    const refused = client.execute('query-ferronic', { path: '/nowhere' }, within(5_000));
    const error = await refused.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).to.be.instanceOf(CommandRefusedError);
    expect((error as CommandRefusedError).command).to.equal('query-ferronic');
  });

  it('sees the events of a shutdown and then the end of the link', async () => {
    await using events = client.events({ names: ['SHUTDOWN'] });
    await client.execute('quit', {}, within(5_000));
    expect((await events.take(within(5_000))).data.reason).to.equal('host-qmp-quit');
    expect((await client.closed).reason).to.equal('peer-closed');
    const [code] = qemu.exitCode === null ? await once(qemu, 'exit') : [qemu.exitCode];
    expect(code).to.equal(0);
  });

  it('notices that QEMU was killed', async () => {
    const events = client.events();
    kill(qemu);
    const next = events.take(within(5_000)).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(await next).to.be.instanceOf(ConnectionLostError);
  });
});

describe('the QMP client with a QEMU that cannot start', () => {
  it('says within its deadline that the link is lost', async () => {
    const { qemu, stream } = startQemu(['-device', 'no-such-device'], 'ignore');
    const exited = once(qemu, 'exit');
    const error = await QmpClient.connect(stream, within(8_000)).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).to.satisfy(
      (value: unknown) => value instanceof ConnectionLostError || value instanceof GreetingError,
    );
    kill(qemu);
    await exited;
  });
});
