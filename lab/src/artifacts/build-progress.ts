// SPDX-License-Identifier: Apache-2.0

/** What the reader of a build is told. Times in seconds. */
export interface BuildProgress {
  stepStarted(name: string, estimateSeconds: number, logPath: string): void;
  stepWaiting(name: string, reason: string): void;
  stepFinished(name: string, seconds: number): void;
  stepFailed(name: string, logPath: string): void;
  close(): void;
}

interface RunningStep {
  readonly since: number;
  readonly estimateSeconds: number;
  readonly logPath: string;
}

const PLAIN_INTERVAL_MS = 30_000;

/** Progress on a stream: one line rewritten every second on a terminal, a line every 30 s elsewhere. */
export class StreamProgress implements BuildProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #running = new Map<string, RunningStep>();
  readonly #timer: NodeJS.Timeout;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#timer = setInterval(() => this.#tick(), stream.isTTY ? 1_000 : PLAIN_INTERVAL_MS).unref();
  }

  stepStarted(name: string, estimateSeconds: number, logPath: string): void {
    this.#running.set(name, { since: performance.now(), estimateSeconds, logPath });
    this.#line(`${name}: started, takes about ${duration(estimateSeconds)} (log: ${logPath})`);
  }

  stepWaiting(name: string, reason: string): void {
    this.#line(`${name}: waiting, ${reason}`);
  }

  stepFinished(name: string, seconds: number): void {
    this.#running.delete(name);
    this.#line(`${name}: done in ${duration(seconds)}`);
  }

  stepFailed(name: string, logPath: string): void {
    this.#running.delete(name);
    this.#line(`${name}: failed, see ${logPath}`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #tick(): void {
    const parts = [...this.#running].map(([name, step]) => {
      const elapsed = (performance.now() - step.since) / 1000;
      return `${name} ${duration(elapsed)} of about ${duration(step.estimateSeconds)}`;
    });
    if (parts.length === 0) return;
    const text = `building: ${parts.join(', ')}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[K${text.slice(0, Math.max(20, this.#stream.columns - 1))}`);
    } else {
      this.#stream.write(`${text}\n`);
    }
  }

  #line(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  #clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}

/** Seconds in words: `48s`, `9m52s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60
    ? `${whole}s`
    : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}
