// SPDX-License-Identifier: Apache-2.0
import { plainText } from '../console/terminal-text.ts';
import { formatBytes } from '../report/bytes.ts';
import { formatClock, formatHours } from '../report/durations.ts';
import { plural } from '../report/plural.ts';
import type { Verdict } from '../verdict.ts';
import type { CampaignItem, CampaignObserver } from './campaign.ts';

/** What the progress writes to: a terminal or a plain file. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a campaign has come to before this progress begins, and what else is to be shown of it. */
export interface ProgressFrame {
  /** Wall time of the whole campaign, in milliseconds. */
  readonly budgetMs: number;
  /** Of it, what was used before. */
  readonly usedMs?: number;
  /** Verdicts from before. */
  readonly earlier?: readonly Pick<
    Verdict,
    'outcome' | 'canary' | 'crashes' | 'exposure' | 'faults'
  >[];
  /** Space that runs take, and that is left, in bytes. */
  readonly disk?: () => { readonly used: number; readonly free: number } | undefined;
  /** What a run is of, in few words. */
  readonly name?: (item: CampaignItem) => string;
}

/** Titles shown below the status. */
const mostTitles = 8;

/** One line for each verdict; on a terminal also a status below them that is drawn anew each second. */
export class SoakProgress implements CampaignObserver, Disposable {
  readonly #stream: ProgressStream;
  readonly #frame: ProgressFrame;
  readonly #start = performance.now();
  readonly #running = new Map<CampaignItem, { readonly since: number; step: string }>();
  readonly #titles = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #outcomes = { PASS: 0, FAIL: 0, ERROR: 0, MISS: 0 };
  #testedMs = 0;
  #faults = 0;
  /** Verdicts since this process began, from which rates are taken. */
  #fresh = 0;
  #paused: string | undefined;
  #drawnLines = 0;

  constructor(stream: ProgressStream, frame: ProgressFrame) {
    this.#stream = stream;
    this.#frame = frame;
    for (const verdict of frame.earlier ?? []) this.#count(verdict);
    const interval = stream.isTTY === true ? 1_000 : 60_000;
    this.#timer = setInterval(() => this.#tick(), interval);
    this.#timer.unref();
  }

  runStarted(item: CampaignItem): void {
    this.#running.set(item, { since: performance.now(), step: 'start' });
    this.#draw();
  }

  runStep(item: CampaignItem, step: string): void {
    const run = this.#running.get(item);
    if (run !== undefined) {
      run.step = step;
      this.#draw();
    }
  }

  runEnded(item: CampaignItem, verdict: Verdict | null): void {
    this.#running.delete(item);
    if (verdict === null) return;
    this.#fresh += 1;
    this.#count(verdict);
    this.line(`${this.#nameOf(item)} ${verdictText(verdict)}`);
  }

  /** Says that nothing is begun for a while, and why; undefined when it goes on. */
  paused(why: string | undefined): void {
    if (why === this.#paused) return;
    this.#paused = why;
    this.line(why === undefined ? 'goes on' : `paused: ${why}`);
  }

  /** Writes a line above the status. */
  line(text: string): void {
    this.#erase();
    this.#stream.write(`${this.#elapsed()}  ${plainText(text)}\n`);
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #count({
    outcome,
    canary,
    crashes,
    exposure,
    faults,
  }: NonNullable<ProgressFrame['earlier']>[number]): void {
    this.#outcomes[outcome] += 1;
    this.#testedMs += exposure.virtualMs;
    for (const { delivered } of Object.values(faults)) this.#faults += delivered;
    const title = crashes[0]?.title;
    if (title === undefined) return;
    const shown = canary ? `${title} (canary)` : title;
    this.#titles.set(shown, (this.#titles.get(shown) ?? 0) + 1);
  }

  #tick(): void {
    if (this.#stream.isTTY === true) {
      this.#draw();
    } else {
      for (const line of this.#status()) this.#stream.write(`${this.#elapsed()}  ${line}\n`);
    }
  }

  #draw(): void {
    if (this.#stream.isTTY !== true) return;
    this.#erase();
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const titles = [...this.#titles].sort(([, a], [, b]) => b - a);
    const lines = [
      ...this.#status(),
      ...titles
        .slice(0, mostTitles)
        .map(([title, count]) => `${String(count).padStart(5)}  ${plainText(title)}`),
      ...(titles.length > mostTitles ? [`       and ${titles.length - mostTitles} more`] : []),
      ...[...this.#running].map(([item, run]) => `  ${this.#runText(item, run)}`),
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

  /** Elapsed, runs, exposure; rates, faults, disk; what may still come. */
  #status(): string[] {
    const { PASS, FAIL, ERROR, MISS } = this.#outcomes;
    const { budgetMs, disk } = this.#frame;
    const doing = this.#paused === undefined ? '' : ` | PAUSED: ${plainText(this.#paused)}`;
    const lost = ERROR + MISS === 0 ? '' : `, ${ERROR} ERROR, ${MISS} MISS`;
    const space = disk?.();
    return [
      `${formatClock(this.#elapsedMs())} of ${formatClock(budgetMs)} | ${plural(PASS + FAIL + ERROR + MISS, 'run')}: ${PASS} PASS, ${FAIL} FAIL${lost} | ${formatHours(this.#testedMs / 3_600_000)} tested${doing}`,
      [
        `${this.#perHour()} runs/h`,
        `${this.#faults} faults`,
        ...(space === undefined
          ? []
          : [`disk ${formatBytes(space.used)} used, ${formatBytes(space.free)} free`]),
        ...this.#estimate(),
      ].join(' | '),
    ];
  }

  #perHour(): string {
    const hours = (performance.now() - this.#start) / 3_600_000;
    return hours === 0 ? '0' : (this.#fresh / hours).toFixed(0);
  }

  #estimate(): string[] {
    const leftMs = this.#frame.budgetMs - this.#elapsedMs();
    const soFarMs = performance.now() - this.#start;
    if (this.#fresh < 3 || leftMs <= 0) return [];
    return [`about ${plural(Math.round((this.#fresh / soFarMs) * leftMs), 'more run')}`];
  }

  #runText(item: CampaignItem, { since, step }: { since: number; step: string }): string {
    const seconds = Math.floor((performance.now() - since) / 1_000);
    return `${this.#nameOf(item)} ${step} ${seconds} s`;
  }

  #nameOf(item: CampaignItem): string {
    const again = item.attempt === 0 ? '' : ' again';
    const name = this.#frame.name?.(item);
    return `${name === undefined ? `cycle ${item.cycle}` : `${item.cycle} ${name}`}${again}`;
  }

  #elapsedMs(): number {
    return (this.#frame.usedMs ?? 0) + performance.now() - this.#start;
  }

  #elapsed(): string {
    return formatClock(this.#elapsedMs()).padStart(7);
  }
}

/** A verdict in one line. */
function verdictText({ outcome, reason, exposure, faults, seed }: Verdict): string {
  const seconds = (exposure.virtualMs / 1_000).toFixed(1);
  const delivered = Object.values(faults).reduce((sum, count) => sum + count.delivered, 0);
  const what = outcome === 'PASS' ? `${seconds} s tested, ${plural(delivered, 'fault')}` : reason;
  return `${outcome.padEnd(5)} seed ${seed}  ${what}`;
}
