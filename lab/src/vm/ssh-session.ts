// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { Deadline, type Wait, waitFor } from 'qemu-ipc/wait';
import ssh2, { type ClientChannel, type ConnectConfig } from 'ssh2';
import { LabFailure } from '../errors.ts';
import { BoundedOutput } from './bounded-output.ts';
import { hostKeyBytes, type SshCredentials } from './ssh-credentials.ts';

export type { SshCredentials } from './ssh-credentials.ts';

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** True when output beyond the limit was dropped. */
  readonly truncated: boolean;
}

/** How a command in the guest ended. `lost`: the link went, so nothing is known about its end. */
export type ExecResult =
  | ({ readonly kind: 'exited'; readonly code: number } & Output)
  | ({ readonly kind: 'signalled'; readonly signal: string } & Output)
  | ({ readonly kind: 'lost' } & Output);

export interface SshOptions {
  /** A guest that leaves `countMax` probes unanswered, one each `intervalMs`, is taken for gone. */
  readonly keepalive: { readonly intervalMs: number; readonly countMax: number };
}

export interface ExecOptions {
  /** Written to the command's standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Limit for each of stdout and stderr in bytes; the default is 8 MiB. */
  readonly maxOutputBytes?: number;
}

/** Why and when the session ended. */
export interface SshEnd {
  readonly atMs: number;
  readonly cause: Error | undefined;
}

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** An interactive program in the guest. */
export interface GuestShell extends Disposable {
  /** Both directions, raw bytes of the pseudo-terminal. */
  readonly stream: Duplex;
  /** Resolves when the program has ended or the link is gone. Never rejects. */
  readonly ended: Promise<void>;
  resize(size: TerminalSize): void;
}

const defaultOptions: SshOptions = { keepalive: { intervalMs: 2_000, countMax: 3 } };
const defaultOutputBytes = 8 * 1024 * 1024;
/** How long the guest may take to answer our goodbye. */
const goodbyeMs = 300;

/** Few and quick in an emulated guest; everything else is off the table. */
const algorithms = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['chacha20-poly1305@openssh.com', 'aes128-ctr'],
  hmac: ['hmac-sha2-256'],
  compress: ['none'],
} satisfies ConnectConfig['algorithms'];

/** An SSH connection to a guest; carries any number of commands at the same time. */
export class SshSession implements AsyncDisposable {
  /** Resolves when the connection has ended, by either side. Never rejects. */
  readonly closed: Promise<SshEnd>;
  readonly #client: ssh2.Client;
  readonly #link: Link;

  private constructor(client: ssh2.Client, link: Link) {
    this.#client = client;
    this.#link = link;
    this.closed = link.closed;
  }

  /**
   * Logs in over `stream`, which then belongs to the session. LabFailure when the guest's key is not the pinned
   * one, the login is refused, or the link breaks; TimedOutError and AbortedError by `wait`.
   */
  static async connect(
    stream: Duplex,
    credentials: SshCredentials,
    wait: Wait,
    options: SshOptions = defaultOptions,
  ): Promise<SshSession> {
    const client = new ssh2.Client();
    const link = new Link(client, stream);
    const ready = new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      void link.closed.then(({ cause }) => reject(connectFailure(cause)));
    });
    ready.catch(() => undefined);
    try {
      client.connect(configuration(stream, credentials, options));
      await waitFor(ready, wait, 'the SSH login');
      return new SshSession(client, link);
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  /**
   * Runs a shell command and resolves when it has ended and its output is complete. A broken link is a result
   * (`lost`), not an error. Rejects with TimedOutError or AbortedError; the command then gets a hang-up.
   */
  async exec(command: string, wait: Wait, options: ExecOptions = {}): Promise<ExecResult> {
    const stdout = new BoundedOutput(options.maxOutputBytes ?? defaultOutputBytes);
    const stderr = new BoundedOutput(options.maxOutputBytes ?? defaultOutputBytes);
    const result = (end: ChannelEnd): ExecResult => ({
      ...end,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.dropped + stderr.dropped > 0,
    });
    const opened = this.#open((answer) => this.#client.exec(command, answer));
    const channel = await waitFor(opened, wait, `\`${command}\` to start`);
    if (channel === undefined) return result({ kind: 'lost' });
    channel.on('data', (chunk: Buffer) => stdout.push(chunk));
    channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const ended = this.#link.endOf(channel);
    channel.end(options.input);
    try {
      return result(await waitFor(ended, wait, `\`${command}\` to end`));
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** Starts a login shell on a pseudo-terminal. LabFailure when the guest does not give one. */
  async shell(size: TerminalSize, wait: Wait): Promise<GuestShell> {
    const term = process.env['TERM'] ?? 'vt100';
    const window = { term, cols: size.columns, rows: size.rows, width: 0, height: 0 };
    const opened = this.#open((answer) => this.#client.shell(window, answer));
    const channel = await waitFor(opened, wait, 'a shell in the guest');
    if (channel === undefined) throw connectFailure(undefined);
    channel.stderr.resume();
    return {
      stream: channel,
      ended: this.#link.endOf(channel).then(() => undefined),
      resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
      [Symbol.dispose]: () => channel.close(),
    };
  }

  /** Says goodbye and closes the link. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.end();
    await this.#link.closeWithin(goodbyeMs);
  }

  /** A channel, or undefined when the link is gone; LabFailure when the guest refuses. */
  async #open(request: (answer: OpenAnswer) => void): Promise<ClientChannel | undefined> {
    if (this.#link.dead) return undefined;
    try {
      return await new Promise<ClientChannel>((resolve, reject) => {
        request((error, channel) => (error === undefined ? resolve(channel) : reject(error)));
      });
    } catch (error) {
      if (this.#link.dead) return undefined;
      throw new LabFailure('SSH_CHANNEL', 'the guest refuses to start a program', {
        remedy: 'The guest may be out of memory or process ids: look at its console.',
        cause: error,
      });
    }
  }
}

type OpenAnswer = (error: Error | undefined, channel: ClientChannel) => void;

type ChannelEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'lost' };

/** Life and death of the connection under a session. */
class Link {
  readonly closed: Promise<SshEnd>;
  readonly #stream: Duplex;
  #dead = false;

  constructor(client: ssh2.Client, stream: Duplex) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      let cause: Error | undefined;
      // Errors come any number of times and also after `ready`; the first one is the reason.
      client.on('error', (error) => {
        cause ??= error;
      });
      client.once('end', () => stream.destroy());
      client.once('close', () => {
        this.#dead = true;
        resolve({ atMs: performance.now(), cause });
      });
    });
  }

  get dead(): boolean {
    return this.#dead || this.#stream.destroyed;
  }

  /** Never rejects. A channel that closes because the link did is `lost`, whatever it said before. */
  endOf(channel: ClientChannel): Promise<ChannelEnd> {
    return new Promise((resolve) => {
      channel.once('close', (code?: number | null, signal?: string) => {
        if (this.dead) resolve({ kind: 'lost' });
        else if (typeof code === 'number') resolve({ kind: 'exited', code });
        else if (signal !== undefined) resolve({ kind: 'signalled', signal });
        // A server that gives no status leaves us knowing nothing; that is not success.
        else resolve({ kind: 'lost' });
      });
      channel.on('error', () => undefined);
    });
  }

  async closeWithin(ms: number): Promise<void> {
    const wait = { signal: new AbortController().signal, deadline: Deadline.after(ms) };
    await waitFor(this.closed, wait, 'the SSH link to close').catch(() => this.#stream.destroy());
  }
}

function configuration(
  stream: Duplex,
  credentials: SshCredentials,
  options: SshOptions,
): ConnectConfig {
  const pinned = hostKeyBytes(credentials.hostKey);
  return {
    sock: stream,
    username: credentials.username,
    privateKey: credentials.privateKey,
    // Without this ssh2 first asks whether it may come in without a key.
    authHandler: ['publickey'],
    hostVerifier: (key: Buffer) => pinned.length > 0 && pinned.equals(key),
    algorithms,
    // Our own deadline counts; it covers the boot as well.
    readyTimeout: 0,
    keepaliveInterval: options.keepalive.intervalMs,
    keepaliveCountMax: options.keepalive.countMax,
  };
}

function connectFailure(cause: Error | undefined): LabFailure {
  const reason = cause?.message ?? 'the link to the guest closed';
  return new LabFailure('SSH_CONNECT', `no SSH session with the guest: ${reason}`, {
    remedy: 'The console of the guest says what happened; its file is in the run folder.',
    ...(cause === undefined ? {} : { cause }),
  });
}
