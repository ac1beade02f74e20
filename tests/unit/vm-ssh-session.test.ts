// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import ssh2, { type ServerChannel } from 'ssh2';
import { SshSession } from '../../lab/src/vm/ssh-session.ts';

const wait: Wait = { signal: new AbortController().signal, deadline: Deadline.never };
const keys = {
  host: ssh2.utils.generateKeyPairSync('ed25519'),
  client: ssh2.utils.generateKeyPairSync('ed25519'),
};
const credentials = {
  username: 'root',
  privateKey: keys.client.private,
  hostKey: keys.host.public,
};

type Behaviour = (channel: ServerChannel, command: string, socket: Socket) => void;

/** An SSH server that behaves, or misbehaves, as told; one connection. */
class Peer implements AsyncDisposable {
  readonly server: Server;
  #socket: Socket | undefined;

  constructor(behave: Behaviour) {
    this.server = createServer((socket) => {
      this.#socket = socket;
      socket.on('error', () => undefined);
      const connection = new ssh2.Server({ hostKeys: [keys.host.private] }, (client) => {
        client.on('authentication', (context) => context.accept());
        client.on('error', () => undefined);
        client.on('session', (accept) => {
          accept().on('exec', (acceptExec, _reject, { command }) =>
            behave(acceptExec(), command, socket),
          );
        });
      });
      connection.injectSocket(socket);
    });
  }

  async connect(): Promise<Socket> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const socket = connectTcp(address.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

async function failure(promise: Promise<unknown>): Promise<Error & { code: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error('it did not fail');
}

describe('SSH session', () => {
  it('reports the status of a command with all of its output', async () => {
    await using peer = new Peer((channel, command) => {
      // The status comes first on purpose: it must not end the command.
      channel.exit(3);
      channel.stderr.write('complaint');
      setTimeout(() => channel.end(`did ${command}`), 20);
    });
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    expect(await session.exec('work', wait)).to.deep.equal({
      kind: 'exited',
      code: 3,
      stdout: 'did work',
      stderr: 'complaint',
      truncated: false,
    });
  });

  it('tells a signal from a status', async () => {
    await using peer = new Peer((channel) => {
      channel.exit('SEGV', false, '');
      channel.end();
    });
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    const result = await session.exec('crash', wait);
    expect(result).to.include({ kind: 'signalled', signal: 'SIGSEGV' });
  });

  it('takes a command that ends without a status for lost, never for done', async () => {
    await using peer = new Peer((channel) => channel.end('half of the wo'));
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    expect(await session.exec('work', wait)).to.include({ kind: 'lost', stdout: 'half of the wo' });
  });

  for (const [how, cut] of [
    ['closes', (socket: Socket) => socket.end()],
    ['breaks', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`reports a command as lost when the link ${how}, and every later one`, async () => {
      await using peer = new Peer((channel, _command, socket) => {
        channel.write('some');
        // A reset discards what has not been read yet: the client gets time to read it.
        setTimeout(() => cut(socket), 250);
      });
      await using session = await SshSession.connect(await peer.connect(), credentials, wait);
      expect(await session.exec('work', wait)).to.include({ kind: 'lost', stdout: 'some' });
      await session.closed;
      expect(await session.exec('more', wait)).to.include({ kind: 'lost' });
    });
  }

  it('notices a peer that is frozen, by its keepalive', async () => {
    await using peer = new Peer((_channel, _command, socket) => socket.pause());
    const keepalive = { intervalMs: 30, countMax: 2 };
    const options = { keepalive };
    const socket = await peer.connect();
    await using session = await SshSession.connect(socket, credentials, wait, options);
    expect(await session.exec('hang', wait)).to.include({ kind: 'lost' });
    expect((await session.closed).cause?.message).to.equal('Keepalive timeout');
  });

  it('keeps no more output than allowed, and says so', async () => {
    await using peer = new Peer((channel) => {
      channel.write('x'.repeat(300_000));
      channel.exit(0);
      channel.end();
    });
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    const result = await session.exec('flood', wait, { maxOutputBytes: 1000 });
    expect(result).to.include({ kind: 'exited', truncated: true });
    expect(result.stdout).to.have.length(1000);
  });

  it('passes input to the command and closes it', async () => {
    await using peer = new Peer((channel) => {
      let input = '';
      channel.on('data', (chunk: Buffer) => {
        input += chunk.toString();
      });
      channel.on('end', () => {
        channel.write(input.toUpperCase());
        channel.exit(0);
        channel.end();
      });
    });
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    expect(await session.exec('cat', wait, { input: 'hello' })).to.include({ stdout: 'HELLO' });
  });

  it('gives up a command at its deadline and goes on working', async () => {
    await using peer = new Peer((channel, command) => {
      if (command === 'hang') return;
      channel.exit(0);
      channel.end();
    });
    await using session = await SshSession.connect(await peer.connect(), credentials, wait);
    const soon: Wait = { signal: wait.signal, deadline: Deadline.after(50) };
    expect(await failure(session.exec('hang', soon))).to.have.property('code', 'QMP_TIMED_OUT');
    expect(await session.exec('work', wait)).to.include({ kind: 'exited', code: 0 });
  });

  it('refuses a guest with another key than the pinned one', async () => {
    await using peer = new Peer((channel) => channel.end());
    const other = { ...credentials, hostKey: keys.client.public };
    const error = await failure(SshSession.connect(await peer.connect(), other, wait));
    expect(error.code).to.equal('SSH_CONNECT');
    expect(error.message).to.match(/verification failed/i);
  });

  it('gives up on a peer that never answers, at the deadline', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const socket = connectTcp(port, '127.0.0.1');
    const soon: Wait = { signal: wait.signal, deadline: Deadline.after(50) };
    const error = await failure(SshSession.connect(socket, credentials, soon));
    expect(error.code).to.equal('QMP_TIMED_OUT');
    expect(socket.destroyed).to.equal(true);
    silent.close();
  });
});
