// SPDX-License-Identifier: Apache-2.0

import type { ConsoleLine } from './console-line.ts';

const banner = /^Linux version \d+\.\d+/;
const loader = /(?:^|\s)Booting the kernel(?:\.| \()/;

/** What a system prints that has booted, on a console whose kernel gives no times. */
const running = /\blogin: |^executing program/;

const sign = /\[ *\d+\.\d{6}\]|\blogin: |executing program/;

/** Notices a second boot in one console. */
export class RebootWatch {
  #uptime = 0;
  #bootedAtLine = 0;

  /** Whether a line without a header can mean something: a boot, or the first sign of life before one. */
  needs(line: string): boolean {
    if (this.#uptime === 0 && sign.test(line)) return true;
    return line.includes('Linux version ') || line.includes('Booting the k');
  }

  /** True when this line shows that the kernel started again. */
  sees(line: ConsoleLine): boolean {
    const starts = banner.test(line.text) || loader.test(line.text);
    // The loader and the banner of one boot stand close together.
    const again = starts && this.#uptime > 0;
    if (starts) {
      this.#uptime = 0;
      this.#bootedAtLine = line.number;
    } else if (line.number > this.#bootedAtLine) {
      this.#uptime = Math.max(this.#uptime, line.seconds ?? (running.test(line.text) ? 1 : 0));
    }
    return again;
  }
}
