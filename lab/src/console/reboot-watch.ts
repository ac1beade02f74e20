// SPDX-License-Identifier: Apache-2.0

import type { ConsoleLine } from './console-line.ts';

const banner = /^Linux version \d+\.\d+/;
const loader = /(?:^|\s)Booting the kernel(?:\.| \()/;

/** Notices a second boot in one console. */
export class RebootWatch {
  #uptime = 0;
  #bootedAtLine = 0;

  /** True when this line shows that the kernel started again. */
  sees(line: ConsoleLine): boolean {
    const starts = banner.test(line.text) || loader.test(line.text);
    // The loader and the banner of one boot stand close together.
    const again = starts && this.#uptime > 0;
    if (starts) {
      this.#uptime = 0;
      this.#bootedAtLine = line.number;
    } else if (line.seconds !== null && line.number > this.#bootedAtLine) {
      this.#uptime = Math.max(this.#uptime, line.seconds);
    }
    return again;
  }
}
