// SPDX-License-Identifier: Apache-2.0
import { faultTypes } from '../../config/fault-types.ts';
import type { CampaignReport, CellReport } from '../campaign-report.ts';
import { cellName, conditions, driverName } from '../cell-name.ts';
import { formatHours } from '../durations.ts';
import { plural } from '../plural.ts';
import { goalWords, mtbfWords, probabilityWords, sumRuns, trendWords } from '../report-words.ts';
import { html, type Markup } from './markup.ts';
import { mtbfChart } from './mtbf-chart.ts';
import { scrollBox } from './scroll-box.ts';
import { survivalCharts } from './survival-chart.ts';

const mostCells = 200;

/** What was tested for how long, and how often it failed. */
export function mtbfSection({ cells }: CampaignReport): Markup {
  const shown = cells.slice(0, mostCells);
  return html`<section id="mtbf" aria-labelledby="mtbf-heading"><h2 id="mtbf-heading">MTBF under stress</h2>
<p>Mean virtual time between failures <strong>while faults are injected on purpose</strong>. It is not the MTBF of a driver in the field,
and serves to compare: drivers, kernels, one night with another. A cell is one driver under one set of conditions; nothing is pooled across cells.
A time without a failure is a bound, never an estimate.</p>
${mtbfChart(shown)}
${shown.length === 0 ? html`<p>No run has ended.</p>` : scrollBox('MTBF by cell', cellTable(shown))}
${goalList(shown)}
${cells.length > mostCells ? html`<p>And ${cells.length - mostCells} more cells, which <code>--json</code> has.</p>` : null}
${shown.length === 0 ? null : html`<details class="more"><summary>Faults that were asked for, and that arrived</summary>${scrollBox('Faults by cell', faultTable(shown))}</details>`}
</section>`;
}

/** How long runs go on until they fail. */
export function survivalSection({ cells }: CampaignReport): Markup | null {
  const charts = survivalCharts(cells);
  if (charts.length === 0) return null;
  return html`<section id="survival" aria-labelledby="survival-heading"><h2 id="survival-heading">Time to failure</h2>
<p>The share of runs that have not failed, by the virtual time since their start (Kaplan-Meier), with 95% bands. A short upright mark says that runs up to there ended without a failure.
A run lasts as long as its workload: nothing here tells what comes after the curve's end.</p>
${charts}</section>`;
}

function cellTable(cells: readonly CellReport[]): Markup {
  return html`<table><caption>Figures by cell. Exposure is the time of PASS and FAIL; ERROR and MISS count for neither.</caption><thead><tr>
<th scope="col">Cell</th><th scope="col" class="num">PASS</th><th scope="col" class="num">FAIL</th><th scope="col" class="num">ERROR</th><th scope="col" class="num">MISS</th><th scope="col" class="num">Exposure</th><th scope="col">MTBF under stress</th><th scope="col">A run fails</th><th scope="col">Trend</th>
</tr></thead><tbody>${cells.map(cellRow)}</tbody></table>`;
}

function cellRow(cell: CellReport): Markup {
  const { runs, exposureHours, mtbf, workloads } = cell;
  return html`<tr><th scope="row" class="cell">${driverName(cell.cell)}<span class="soft">${conditions(cell.cell)}; ${plural(sumRuns(cell), 'run')} of ${workloads.join(', ')}</span></th><td class="num">${runs.PASS}</td><td class="num">${runs.FAIL}</td><td class="num">${runs.ERROR}</td><td class="num">${runs.MISS}</td><td class="num">${formatHours(exposureHours.virtual)}<br><span class="soft">${formatHours(exposureHours.wall)} wall</span></td><td class="min">${mtbfWords(mtbf)}</td><td class="min">${probabilityWords(cell)}</td><td class="min">${trendWords(cell)}</td></tr>`;
}

/** What the campaign was to show, cell by cell. */
function goalList(cells: readonly CellReport[]): Markup | null {
  const goals = cells.flatMap((cell) => {
    const words = goalWords(cell);
    return words === null ? [] : [{ cell, words }];
  });
  if (goals.length === 0) return null;
  return html`<div class="card"><h3>Against the campaign's goal</h3><ul class="plain">${goals.map(({ cell, words }) => html`<li><strong>${cellName(cell.cell)}</strong><br>${words}</li>`)}</ul></div>`;
}

function faultTable(cells: readonly CellReport[]): Markup {
  const counts = ({ faults }: CellReport) =>
    faultTypes.map(
      (type) => html`<td class="num">${faults[type].delivered} of ${faults[type].requested}</td>`,
    );
  return html`<table><caption>Faults that arrived, of those that were asked for</caption><thead><tr><th scope="col">Driver</th><th scope="col">Conditions</th>${faultTypes.map((type) => html`<th scope="col" class="num">${type}</th>`)}</tr></thead><tbody>${cells.map((cell) => html`<tr><th scope="row">${driverName(cell.cell)}</th><td class="min">${conditions(cell.cell)}</td>${counts(cell)}</tr>`)}</tbody></table>`;
}
