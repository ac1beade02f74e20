// SPDX-License-Identifier: Apache-2.0
import { formatClock } from '../report/durations.ts';
import type { Verdict } from '../verdict.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import type { CampaignObserver } from './campaign.ts';

/** What the progress writes to: a terminal or a plain file. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line for each verdict; on a terminal also a status below them that is drawn anew each second. */
export class SoakProgress implements CampaignObserver, Disposable {
  readonly #stream: ProgressStream;
  readonly #start = performance.now();
  readonly #budgetMs: number;
  readonly #running = new Map<number, { readonly since: number; step: string }>();
  readonly #titles = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #done = 0;
  #testedMs = 0;
  #drawnLines = 0;

  constructor(stream: ProgressStream, budgetMs: number) {
    this.#stream = stream;
    this.#budgetMs = budgetMs;
    const interval = stream.isTTY === true ? 1_000 : 60_000;
    this.#timer = setInterval(() => this.#tick(), interval);
    this.#timer.unref();
  }

  runStarted(cycle: number, _seed: number): void {
    this.#running.set(cycle, { since: performance.now(), step: 'start' });
    this.#draw();
  }

  runStep(cycle: number, step: string): void {
    const run = this.#running.get(cycle);
    if (run !== undefined) {
      run.step = step;
      this.#draw();
    }
  }

  runEnded(verdict: Verdict): void {
    this.#running.delete(verdict.cycle);
    this.#done += 1;
    this.#testedMs += verdict.exposure.virtualMs;
    const cause = verdict.crashes[0];
    if (cause !== undefined) {
      this.#titles.set(cause.title, (this.#titles.get(cause.title) ?? 0) + 1);
    }
    this.line(verdictLine(verdict));
  }

  /** Writes a line above the status. */
  line(text: string): void {
    this.#erase();
    this.#stream.write(`${this.#elapsed()}  ${stripTerminalEscapes(text)}\n`);
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #tick(): void {
    if (this.#stream.isTTY === true) {
      this.#draw();
    } else {
      this.#stream.write(`${this.#elapsed()}  ${this.#status()}\n`);
    }
  }

  #draw(): void {
    if (this.#stream.isTTY !== true) {
      return;
    }
    this.#erase();
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const lines = [
      `${this.#elapsed()} of ${formatClock(this.#budgetMs)}  ${this.#status()}`,
      ...[...this.#titles]
        .slice(0, 5)
        .map(([title, count]) => `${String(count).padStart(4)}  ${stripTerminalEscapes(title)}`),
    ].map((line) => line.slice(0, width));
    this.#stream.write(lines.map((line) => `${line}\n`).join(''));
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) {
      this.#stream.write(`\x1b[${this.#drawnLines}A\x1b[J`);
      this.#drawnLines = 0;
    }
  }

  #status(): string {
    const running = [...this.#running].map(([cycle, { since, step }]) => {
      const seconds = Math.floor((performance.now() - since) / 1_000);
      return `cycle ${cycle} ${step} ${seconds} s`;
    });
    const crashes = [...this.#titles.values()].reduce((sum, count) => sum + count, 0);
    return [
      `${this.#done} done, ${crashes} crashed, ${formatClock(this.#testedMs)} tested`,
      ...running,
    ].join(' | ');
  }

  #elapsed(): string {
    return formatClock(performance.now() - this.#start).padStart(7);
  }
}

/** A verdict in one line. */
function verdictLine(verdict: Verdict): string {
  const { cycle, outcome, reason, exposure, faults } = verdict;
  const seconds = (exposure.virtualMs / 1_000).toFixed(1);
  const delivered = Object.values(faults).reduce((sum, count) => sum + count.delivered, 0);
  const what = outcome === 'PASS' ? `${seconds} s tested, ${delivered} faults` : reason;
  return `cycle ${cycle} ${outcome.padEnd(5)} seed ${verdict.seed}  ${what}`;
}
