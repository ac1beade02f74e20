// SPDX-License-Identifier: Apache-2.0
import type { Reached } from '../../coverage/driver-coverage.ts';
import type { CampaignReport } from '../campaign-report.ts';
import { conditions, driverName } from '../cell-name.ts';
import { plural } from '../plural.ts';
import {
  comparedUnder,
  comparisonWords,
  healthFindings,
  manyComparisons,
  moment,
} from '../report-words.ts';
import { html, type Markup } from './markup.ts';
import { scrollBox } from './scroll-box.ts';

const mostComparisons = 100;
const mostTitles = 50;
const mostFunctions = 100;

/** Drivers against each other under the same conditions. */
export function comparisonSection(report: CampaignReport): Markup | null {
  const { comparisons } = report;
  if (comparisons.length === 0) return null;
  const many = manyComparisons(report);
  return html`<section id="drivers" aria-labelledby="drivers-title"><h2 id="drivers-title">Driver against driver</h2>
<p class="soft">Failure rates under the same conditions, by the exact conditional test.</p>
<ul class="plain card">${comparisons
    .slice(0, mostComparisons)
    .map(
      (one) =>
        html`<li><strong>${comparedUnder(one)}</strong><br>${one.comparison.p < 0.05 ? html`<span class="badge warn">different</span>` : html`<span class="badge">not shown</span>`}${comparisonWords(one)}</li>`,
    )}</ul>${many === null ? null : html`<p class="soft">${many}</p>`}
</section>`;
}

/** What is new since the campaign before. */
export function differenceSection({ difference }: CampaignReport): Markup | null {
  if (difference === null) return null;
  const { previous, appeared, gone, still } = difference;
  return html`<section id="difference" aria-labelledby="difference-title"><h2 id="difference-title">Since the campaign before</h2>
<p class="soft">Compared with <code>${previous.id}</code>, begun ${moment(previous.startedAt)} UTC. A bug that was not seen again may be mended, or may not have had its chance.</p>
<div class="columns">${titles('New', appeared)}${titles('Not seen again', gone)}${titles('Still there', still)}</div>
</section>`;
}

/** How much of the drivers was reached. */
export function coverageSection({ coverage }: CampaignReport): Markup | null {
  if (coverage.length === 0) return null;
  const rows = coverage.map(
    ({ cell, coverage: { lines, functions, branches, states } }) =>
      html`<tr><th scope="row">${driverName(cell)}</th><td class="min">${conditions(cell)}</td>${reachedCell('lines', lines)}${reachedCell('functions', functions)}${reachedCell('branches', branches)}${reachedCell('device states', states)}</tr>`,
  );
  return html`<section id="coverage" aria-labelledby="coverage-title"><h2 id="coverage-title">Coverage</h2>
<p class="soft">What the runs executed of each driver. Code that was never reached has not been tested, whatever its MTBF.</p>
${scrollBox('Coverage by cell', html`<table><caption>Reached, of all there is</caption><thead><tr><th scope="col">Driver</th><th scope="col">Conditions</th><th scope="col">Lines</th><th scope="col">Functions</th><th scope="col">Branches</th><th scope="col">Device states</th></tr></thead><tbody>${rows}</tbody></table>`)}
${coverage.map(({ cell, coverage: { missingFunctions } }) =>
  missingFunctions.length === 0
    ? null
    : html`<details class="more"><summary>${driverName(cell)}: ${plural(missingFunctions.length, 'function')} never entered</summary><ul>${missingFunctions.slice(0, mostFunctions).map(({ name, place }) => html`<li><code>${name}</code>${place === null ? null : html` <span class="soft">${place}</span>`}</li>`)}</ul></details>`,
)}
</section>`;
}

/** Whether the lab can be trusted. */
export function healthSection(report: CampaignReport): Markup {
  const { troubles } = report.health;
  const findings = healthFindings(report).map(
    ({ well, what }) =>
      html`<li>${well ? html`<span class="badge good">ok</span>` : html`<span class="badge warn">look</span>`}${what}</li>`,
  );
  return html`<section id="lab" aria-labelledby="lab-title"><h2 id="lab-title">The lab itself</h2>
<p class="soft">Trust the rest of this page as far as this part lets you.</p>
<ul class="plain card">${findings}</ul>
${
  troubles.length === 0
    ? null
    : scrollBox(
        'Why runs were ERROR or MISS',
        html`<table><caption>Why runs were ERROR (a mistake of the test) or MISS (of the lab)</caption><thead><tr><th scope="col">Outcome</th><th scope="col" class="num">Runs</th><th scope="col">Reason</th><th scope="col">Folder of the first</th></tr></thead><tbody>${troubles.map(({ outcome, count, reason, folder }) => html`<tr><th scope="row">${outcome}</th><td class="num">${count}</td><td class="min">${reason}</td><td><code>${folder}</code></td></tr>`)}</tbody></table>`,
      )
}
</section>`;
}

function titles(heading: string, all: readonly string[]): Markup {
  const more = all.length - mostTitles;
  return html`<div class="card"><h3>${heading} <span class="badge">${all.length}</span></h3>${
    all.length === 0
      ? html`<p class="soft">None.</p>`
      : html`<ul class="plain">${all.slice(0, mostTitles).map((title) => html`<li>${title}</li>`)}${more > 0 ? html`<li>and ${more} more</li>` : null}</ul>`
  }</div>`;
}

function reachedCell(what: string, { reached, all }: Reached): Markup {
  if (all === 0) return html`<td class="nowrap">none</td>`;
  return html`<td class="nowrap"><meter min="0" max="${all}" value="${reached}" aria-label="${what} reached"></meter> ${Math.round((100 * reached) / all)}%<br><span class="soft">${reached} of ${all}</span></td>`;
}
