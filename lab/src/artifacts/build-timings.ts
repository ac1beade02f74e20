// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How long each recipe took the last time on this machine, in seconds. */
export class BuildTimings {
  readonly #path: string;

  constructor(cache: string) {
    this.#path = join(cache, 'timings.json');
  }

  /** Seconds measured for `name`, if any. */
  get(name: string): number | undefined {
    return this.#read()[name];
  }

  record(name: string, seconds: number): void {
    mkdirSync(join(this.#path, '..'), { recursive: true });
    const scratch = `${this.#path}.${process.pid}`;
    writeFileSync(scratch, JSON.stringify({ ...this.#read(), [name]: Math.round(seconds) }));
    renameSync(scratch, this.#path);
  }

  #read(): Record<string, number> {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, number>;
    } catch {
      return {};
    }
  }
}
