// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ConsoleParser } from '../console/console-parser.ts';
import type { CrashReport } from '../console/crash-report.ts';
import { isCountOfLeaks, isKernelsOwn } from '../console/kernel-faults.ts';

/** The file of a console, read as it grows. */
export class ConsoleFile {
  readonly #path: string;
  readonly #driverFrame: string;
  readonly #parser = new ConsoleParser();
  readonly #hash = createHash('sha256');
  readonly #reports: CrashReport[] = [];
  #at = 0;
  #driverInStack = false;

  /** `module` is the driver's, as stacks name it. */
  constructor(path: string, module: string) {
    this.#path = path;
    this.#driverFrame = `[${module}]`;
  }

  /** What may be the driver's fault, of the reports that are complete. */
  get reports(): readonly CrashReport[] {
    return this.#reports;
  }

  /** A function of the driver was in a stack that was printed with, or after, the first report. */
  get driverInStack(): boolean {
    return this.#driverInStack;
  }

  /** Reads what has been written since the last time. */
  async read(): Promise<void> {
    const file = await open(this.#path).catch(() => undefined);
    if (file === undefined) return;
    await using _file = file;
    for (;;) {
      const chunk = Buffer.alloc(65_536);
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#at);
      if (bytesRead === 0) return;
      const seen = chunk.subarray(0, bytesRead);
      this.#at += bytesRead;
      this.#hash.update(seen);
      this.#take(this.#parser.push(seen));
      this.#driverInStack ||= this.#parser.crashing && seen.includes(this.#driverFrame);
    }
  }

  /** All reports; nothing is read after this. */
  end(): readonly CrashReport[] {
    this.#take(this.#parser.end());
    return this.#reports;
  }

  /** Of all that was read, in hexadecimal digits. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  #take(reports: readonly CrashReport[]): void {
    this.#reports.push(
      ...reports.filter((report) => !isKernelsOwn(report) && !isCountOfLeaks(report)),
    );
  }
}
