// SPDX-License-Identifier: Apache-2.0
import type { SurvivalCurve, SurvivalStep } from '../../stats/survival.ts';
import type { CellReport } from '../campaign-report.ts';
import { conditions, driverName } from '../cell-name.ts';
import { formatHours } from '../durations.ts';
import { plural } from '../plural.ts';
import { html, type Markup } from './markup.ts';
import { scrollBox } from './scroll-box.ts';
import { seriesOf } from './series.ts';

/** Curves in a chart; more than the colours and dashes tell apart would be none. */
const mostCurves = 6;
const mostCharts = 12;
const mostTableRows = 25;
const width = 860;
const height = 300;
const left = 52;
const right = width - 20;
const top = 16;
const bottom = height - 40;

/** Time to failure, a chart for each set of conditions: the drivers in it can be compared. */
export function survivalCharts(cells: readonly CellReport[]): readonly Markup[] {
  const tested = cells.filter(({ survival }) => survival.subjects > 0 && survival.until > 0);
  const look = seriesOf(cells);
  const all = [...new Set(tested.map(({ cell }) => conditions(cell)))];
  return all
    .slice(0, mostCharts)
    .map((under, chart) =>
      survivalChart(
        under,
        tested.filter(({ cell }) => conditions(cell) === under).slice(0, mostCurves),
        chart,
        look,
      ),
    );
}

function survivalChart(
  under: string,
  cells: readonly CellReport[],
  chart: number,
  look: (cell: CellReport) => number,
): Markup {
  const until = Math.max(...cells.map(({ survival }) => survival.until));
  const x = (hours: number): number => place(left + ((right - left) * hours) / until);
  const title = `Runs that go on without a failure, by virtual time: ${under}`;
  const svg = html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="survival-${chart}-title survival-${chart}-desc">
<title id="survival-${chart}-title">${title}</title>
<desc id="survival-${chart}-desc">${cells.map((cell) => `${describe(cell)}. `)}</desc>
${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<line class="grid" x1="${left}" x2="${right}" y1="${yOf(part)}" y2="${yOf(part)}"/><text class="tick" x="${left - 8}" y="${yOf(part) + 4}" text-anchor="end">${100 * part}%</text>`)}
<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
${ticksUntil(until).map((tick) => html`<line class="axis" x1="${x(tick)}" x2="${x(tick)}" y1="${bottom}" y2="${bottom + 5}"/><text class="tick" x="${x(tick)}" y="${bottom + 19}" text-anchor="middle">${formatHours(tick)}</text>`)}
<text class="tick" x="${(left + right) / 2}" y="${height - 4}" text-anchor="middle">virtual time since the start of the run</text>
${cells.map((cell) => bandOf(cell.survival, x, look(cell)))}
${cells.map((cell) => curveOf(cell.survival, x, look(cell)))}
</svg>`;
  return html`<figure class="card"><figcaption><h3>${under}</h3></figcaption>
${scrollBox(`Survival chart: ${under}`, svg, 'bare')}
<ul class="plain">${cells.map((cell) => legend(cell, look(cell)))}</ul>
<details class="more"><summary>The same as a table: ${under}</summary>${scrollBox(`Survival table: ${under}`, table(cells, under), 'bare')}</details></figure>`;
}

/** In words what a curve shows. */
function describe({ cell, survival }: CellReport): string {
  const { steps, subjects, until } = survival;
  const last = steps.at(-1);
  const name = driverName(cell);
  if (last === undefined)
    return `${name}: none of ${plural(subjects, 'run')} failed within ${formatHours(until)}`;
  const half = steps.find((step) => step.survival <= 0.5);
  const middle =
    half === undefined
      ? 'more than half had not failed when last seen'
      : `half of the runs have failed after ${formatHours(half.time)}`;
  return `${name}: ${share(last.survival)} of ${plural(subjects, 'run')} without a failure at ${formatHours(last.time)}; ${middle}`;
}

/** Its dashes, too: not by colour alone. */
function legend(cell: CellReport, at: number): Markup {
  return html`<li><svg class="key" viewBox="0 0 44 12" aria-hidden="true"><line class="s k${at} d${at}" x1="2" x2="42" y1="6" y2="6"/></svg>${describe(cell)}</li>`;
}

function curveOf(
  { steps, until }: SurvivalCurve,
  x: (hours: number) => number,
  at: number,
): Markup {
  let path = `M${left} ${yOf(1)}`;
  const marks: Markup[] = [];
  let level = 1;
  for (const step of thinned(steps, x)) {
    if (step.censored > 0) marks.push(mark(x(step.time), yOf(level), at));
    path += `H${x(step.time)}V${yOf(step.survival)}`;
    level = step.survival;
  }
  path += `H${x(until)}`;
  const last = steps.at(-1);
  const goOn = last === undefined ? true : last.atRisk > last.failures;
  if (goOn) marks.push(mark(x(until), yOf(level), at));
  return html`<path class="s k${at} d${at}" d="${path}"/>${marks}`;
}

/** Runs that ended well up to there. */
function mark(x: number, y: number, at: number): Markup {
  return html`<path class="mark k${at}" d="M${x} ${place(y - 6)}v12"/>`;
}

function bandOf(
  { steps, until }: SurvivalCurve,
  x: (hours: number) => number,
  at: number,
): Markup | null {
  const shown = thinned(steps, x);
  const [first] = shown;
  if (first === undefined) return null;
  const ends = shown.map((_, index) => x(shown[index + 1]?.time ?? until));
  const above = shown.map((step, index) => `V${yOf(step.upper)}H${ends[index]}`);
  const below = shown.map((step) => `V${yOf(step.lower)}H${x(step.time)}`).reverse();
  return html`<path class="band f${at}" d="M${x(first.time)} ${yOf(first.upper)}${above.join('')}${below.join('')}Z"/>`;
}

/** Steps that can be told apart in the chart: a campaign has more failures than a screen has dots. */
function thinned(
  steps: readonly SurvivalStep[],
  x: (hours: number) => number,
): readonly SurvivalStep[] {
  let shown: SurvivalStep | undefined;
  let censored = 0;
  return steps.flatMap((step, index) => {
    censored += step.censored;
    const far =
      shown === undefined ||
      x(step.time) - x(shown.time) >= 1 ||
      yOf(step.survival) - yOf(shown.survival) >= 1;
    if (!far && index < steps.length - 1) return [];
    shown = { ...step, censored };
    censored = 0;
    return [shown];
  });
}

function table(cells: readonly CellReport[], under: string): Markup {
  const rows = cells.flatMap((cell) =>
    everyNth(cell.survival.steps).map((step) => ({ cell, step })),
  );
  return html`<table><caption>Runs without a failure, with 95% intervals; ${under}</caption><thead><tr><th scope="col">Driver</th><th scope="col" class="num">After</th><th scope="col" class="num">Without a failure</th><th scope="col" class="num">95% interval</th><th scope="col" class="num">At risk</th></tr></thead><tbody>${
    rows.length === 0
      ? html`<tr><td colspan="5">No run failed.</td></tr>`
      : rows.map(
          ({ cell, step }) =>
            html`<tr><th scope="row">${driverName(cell.cell)}</th><td class="num">${formatHours(step.time)}</td><td class="num">${share(step.survival)}</td><td class="num">${share(step.lower)} to ${share(step.upper)}</td><td class="num">${step.atRisk}</td></tr>`,
        )
  }</tbody></table>`;
}

function everyNth(steps: readonly SurvivalStep[]): readonly SurvivalStep[] {
  const each = Math.ceil(steps.length / mostTableRows);
  return steps.filter((_, index) => index % each === 0 || index === steps.length - 1);
}

/** Round times up to some hours, about five. */
function ticksUntil(until: number): readonly number[] {
  const units = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 18_000, 43_200, 86_400,
  ];
  const seconds = until * 3_600;
  const step =
    units.find((unit) => seconds / unit <= 6) ?? 10 ** Math.ceil(Math.log10(seconds / 6));
  const ticks: number[] = [];
  for (let tick = 0; tick <= seconds; tick += step) ticks.push(tick / 3_600);
  return ticks;
}

function yOf(part: number): number {
  return place(bottom - (bottom - top) * part);
}

function place(value: number): number {
  return Math.round(value * 10) / 10;
}

function share(part: number): string {
  return `${Number((100 * part).toFixed(1))}%`;
}
