// SPDX-License-Identifier: Apache-2.0
import type { CellReport } from '../campaign-report.ts';
import { cellName } from '../cell-name.ts';
import { mtbfWords } from '../report-words.ts';
import { type LogAxis, type LogTick, logAxis } from './log-axis.ts';
import { html, type Markup } from './markup.ts';
import { scrollBox } from './scroll-box.ts';
import { seriesOf } from './series.ts';

const mostRows = 40;
const width = 860;
const left = 16;
const right = width - 28;
const top = 30;
const rowHeight = 46;

/** Each cell's MTBF with its interval, on a logarithmic scale; null when no cell was tested. */
export function mtbfChart(cells: readonly CellReport[]): Markup | null {
  const tested = cells.filter(({ mtbf }) => mtbf.lower !== null).slice(0, mostRows);
  if (tested.length === 0) return null;
  const goal = tested.find((cell) => cell.goal !== null)?.goal ?? null;
  const shown = tested.flatMap(({ mtbf: { lower, estimate, upper } }) =>
    [lower, estimate, upper].filter((value) => value !== null),
  );
  const look = seriesOf(cells);
  const axis = logAxis(goal === null ? shown : [...shown, goal.mtbfHours], left, right);
  const bottom = top + tested.length * rowHeight;
  const title = `MTBF under stress of ${tested.length === 1 ? 'one cell' : `${tested.length} cells`}, with 95% intervals`;
  const chart = html`<svg viewBox="0 0 ${width} ${bottom + 12}" role="img" aria-labelledby="mtbf-title mtbf-desc">
<title id="mtbf-title">${title}</title>
<desc id="mtbf-desc">${tested.map(({ cell, mtbf }) => `${cellName(cell)}: ${mtbfWords(mtbf)}. `)}</desc>
${axis.ticks.map((tick) => tickMark(axis, tick, bottom))}
${goal === null ? null : goalMark(axis, goal.mtbfHours, bottom)}
${tested.map((cell, row) => rowOf(axis, cell, row, look(cell)))}
</svg>`;
  return html`<figure class="card"><figcaption>A dot is the estimate, the line its 95% interval. Without a failure there is no
estimate: an arrow begins at the bound above which the MTBF lies with 95% confidence, and has no end. The scale is logarithmic.</figcaption>
${scrollBox('Chart of MTBF', chart, 'bare')}</figure>`;
}

function tickMark({ at }: LogAxis, { hours, name }: LogTick, bottom: number): Markup {
  const x = place(at(hours));
  return html`<line class="grid" x1="${x}" x2="${x}" y1="${top - 6}" y2="${bottom}"/><text class="tick" x="${x}" y="${top - 13}" text-anchor="middle">${name}</text>`;
}

function goalMark({ at }: LogAxis, hours: number, bottom: number): Markup {
  const x = place(at(hours));
  return html`<line class="goal" x1="${x}" x2="${x}" y1="${top - 6}" y2="${bottom}"/><text class="goal-name" x="${x + 5}" y="${bottom + 8}">goal</text>`;
}

function rowOf({ at }: LogAxis, { cell, mtbf }: CellReport, row: number, color: number): Markup {
  const { lower, estimate, upper } = mtbf;
  const y = top + row * rowHeight + 34;
  const name = html`<text x="${left}" y="${y - 14}">${cellName(cell)}</text>`;
  if (lower === null) return name;
  const from = place(at(lower));
  const cap = html`<line class="s k${color}" x1="${from}" x2="${from}" y1="${y - 6}" y2="${y + 6}"/>`;
  if (estimate === null || upper === null) {
    return html`${name}${cap}<line class="s k${color} d1" x1="${from}" x2="${right}" y1="${y}" y2="${y}"/><path class="f${color}" d="M${right + 2} ${y - 7} l14 7 l-14 7 z"/>`;
  }
  const to = place(at(upper));
  return html`${name}${cap}<line class="s k${color}" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><line class="s k${color}" x1="${to}" x2="${to}" y1="${y - 6}" y2="${y + 6}"/><circle class="dot f${color}" cx="${place(at(estimate))}" cy="${y}" r="6"/>`;
}

function place(value: number): number {
  return Math.round(value * 10) / 10;
}
