// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Deadline, type Wait } from '../src/wait.ts';

export const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 13, "minor": 0, "major": 10}, "package": "fake"}, "capabilities": ["oob"]}}';

/** Bounds a step of a test. */
export function within(ms: number, signal: AbortSignal = new AbortController().signal): Wait {
  return { signal, deadline: Deadline.after(ms) };
}

/** What came in, as text so that no number is rounded. */
export interface Received {
  readonly text: string;
  readonly id: number;
  readonly command: string;
}

/** The QEMU end of a Unix socket, which says what the test tells it to, however wrong. */
export class FakeQemu implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #socket: Socket;
  readonly #unread: Received[] = [];
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (text) => {
      const { id, execute, 'exec-oob': oob } = JSON.parse(text);
      const entry = { text, id, command: execute ?? oob };
      this.received.push(entry);
      this.#unread.push(entry);
      this.#wake();
    });
  }

  /** Sends the text as it is. */
  say(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  /** Sends one line. */
  line(text: string): void {
    this.say(`${text}\r\n`);
  }

  /** Answers a command with this JSON. */
  answer(to: Received, returns = '{}'): void {
    this.line(`{"return": ${returns}, "id": ${to.id}}`);
  }

  /** Announces an event. */
  event(name: string, data = '{}'): void {
    this.line(
      `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "${name}", "data": ${data}}`,
    );
  }

  /** The next command the client sent. */
  async next(): Promise<Received> {
    for (;;) {
      const entry = this.#unread.shift();
      if (entry) return entry;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Greets and agrees to whatever is negotiated; `also` travels in the same packet as the answer. */
  async behave(also = ''): Promise<void> {
    this.line(GREETING);
    const { id } = await this.next();
    this.say(`{"return": {}, "id": ${id}}\r\n${also}`);
  }

  /** Closes its end after what was said. */
  close(): void {
    this.#socket.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}

/** Both ends of a fresh connection. */
export async function connectedPair(): Promise<{ stream: Socket; qemu: FakeQemu }> {
  const folder = await mkdtemp(join(tmpdir(), 'qemu-ipc-'));
  const server = createServer().listen(join(folder, 'socket'));
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const stream = connect(join(folder, 'socket'));
  const [socket] = await accepted;
  server.close();
  await rm(folder, { recursive: true });
  return { stream, qemu: new FakeQemu(socket) };
}
