// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { type Wait, waitFor } from 'qemu-ipc/wait';

/**
 * The other end of a card's cable, as a `stream` backend of QEMU sees it: sends frames as fast as the card takes
 * them, and throws away what the card sends.
 */
export class FrameSource implements AsyncDisposable {
  readonly #server: Server;
  readonly #path: string;
  readonly #connected: Promise<Socket>;
  #socket: Socket | undefined;
  #frames: Uint8Array | undefined;
  #writing = false;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
    this.#connected = new Promise((resolve) => {
      server.once('connection', (socket) => {
        this.#socket = socket;
        socket.on('error', () => undefined);
        socket.resume();
        resolve(socket);
      });
    });
  }

  /** Listens on a Unix socket; QEMU may be started then. */
  static async listen(path: string): Promise<FrameSource> {
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    return new FrameSource(server, path);
  }

  /** Sends `frames`, each after its length, again and again until `stop`. */
  async start(frames: Uint8Array, wait: Wait): Promise<void> {
    await waitFor(this.#connected, wait, 'QEMU to connect to the frame source');
    this.#frames = frames;
    this.#write();
  }

  /** Sends no more; what the socket holds already still arrives. */
  stop(): void {
    this.#frames = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#socket?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#path, { force: true });
  }

  #write(): void {
    const socket = this.#socket;
    if (this.#frames === undefined || this.#writing || socket?.writable !== true) return;
    this.#writing = true;
    // The callback comes when the socket holds all of it, so the card is never without a next frame.
    socket.write(this.#frames, () => {
      this.#writing = false;
      this.#write();
    });
  }
}
