// SPDX-License-Identifier: Apache-2.0
import { type Wait, waitFor } from 'qemu-ipc/wait';

/** A number of processors that runs share, handed out in the order in which they were asked for. */
export class Capacity {
  readonly #all: number;
  #free: number;
  readonly #waiting: { readonly wanted: number; readonly go: () => void }[] = [];

  constructor(processors: number) {
    this.#all = processors;
    this.#free = processors;
  }

  /** Takes a share, or all there are if that is less; disposing gives it back. */
  async take(processors: number, wait: Wait): Promise<Disposable> {
    const wanted = Math.min(processors, this.#all);
    let entry: { readonly wanted: number; readonly go: () => void } | undefined;
    const turn = new Promise<void>((resolve) => {
      entry = { wanted, go: resolve };
      this.#waiting.push(entry);
    });
    this.#serve();
    try {
      await waitFor(turn, wait, 'free processors');
    } catch (error) {
      const index = entry === undefined ? -1 : this.#waiting.indexOf(entry);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.#giveBack(wanted);
      throw error;
    }
    return { [Symbol.dispose]: () => this.#giveBack(wanted) };
  }

  #giveBack(processors: number): void {
    this.#free += processors;
    this.#serve();
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.wanted > this.#free) return;
      this.#waiting.shift();
      this.#free -= first.wanted;
      first.go();
    }
  }
}
