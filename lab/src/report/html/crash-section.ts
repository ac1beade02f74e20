// SPDX-License-Identifier: Apache-2.0
import type { CampaignReport, CrashGroupReport } from '../campaign-report.ts';
import { cellName, driverName } from '../cell-name.ts';
import { formatHours } from '../durations.ts';
import { plural } from '../plural.ts';
import { moment, novelty } from '../report-words.ts';
import { type Content, html, type Markup } from './markup.ts';
import { scrollBox } from './scroll-box.ts';

/** Groups with all there is to see; of the others a line. */
const mostCards = 100;
const mostRows = 2_000;
const mostText = 24 * 1024;
const mostTimeline = 120;
const mostRuns = 20;
const mostCells = 20;

/** The bugs of a campaign, the commonest first. */
export function crashSection(report: CampaignReport): Markup {
  const { groups } = report;
  const others = groups.slice(mostCards, mostRows);
  return html`<section id="crashes" aria-labelledby="crashes-title"><h2 id="crashes-title">Crashes</h2>
${
  groups.length === 0
    ? html`<p>Nothing crashed. How much that says is under <a href="#mtbf">MTBF</a>.</p>`
    : html`<p class="soft">${plural(groups.length, 'bug')}, the commonest first. Crashes that share a title or an alternative title are one bug; what crashed later in the same run is not counted.</p>`
}
${groups.slice(0, mostCards).map((group) => card(report, group))}
${
  others.length === 0
    ? null
    : html`<details class="more"><summary>${plural(others.length, 'further bug')}</summary>${scrollBox('Further bugs', otherGroups(others))}</details>`
}
${groups.length > mostRows ? html`<p>And ${groups.length - mostRows} more, which <code>--json</code> has.</p>` : null}
</section>`;
}

function card(report: CampaignReport, group: CrashGroupReport): Markup {
  const { title, count, cells, reproducer, text, faults, timeline } = group;
  const drivers = [...new Set(cells.map(({ cell }) => driverName(cell)))];
  const news = novelty(report, group);
  return html`<details class="crash"><summary><h3>${title}</h3> <span class="badge bad">${plural(count, 'crash', 'crashes')}</span>${news === 'new' ? html` <span class="badge warn">new</span>` : null}
<span class="where">${drivers.slice(0, mostCells).join(', ')}; last seen ${moment(group.lastSeen)}</span></summary>
<div>
<p><strong>Bring it back</strong> ${identicalBadge(reproducer.identical)}</p>
<code class="command">${reproducer.command}</code>
${facts(group)}
${more('Symbolized report', text === '' ? html`<p>There is none here: the folder of the run was pruned, or is on another machine.</p>` : pre(`Report of ${title}`, bounded(text)), true)}
${faults.length === 0 ? null : more(`${plural(faults.length, 'injected fault')} before it`, pre(`Faults before ${title}`, faults.join('\n')))}
${timeline.length === 0 ? null : more('What happened in that run', timelineTable(group))}
</div></details>`;
}

function facts({
  type,
  frame,
  count,
  firstSeen,
  lastSeen,
  exposureHoursToFirst,
  cells,
  otherTitles,
  reproducer,
  runs,
}: CrashGroupReport): Markup {
  const rows: readonly (readonly [string, Content])[] = [
    ['Type', type === '' ? 'none agreed' : type],
    ['Guilty function', frame === null ? 'the report names none' : html`<code>${frame}</code>`],
    [
      'First seen',
      `${moment(firstSeen)} UTC, after ${formatHours(exposureHoursToFirst)} of virtual time in its cells`,
    ],
    ['Last seen', `${moment(lastSeen)} UTC`],
    [
      'In',
      list(
        cells.slice(0, mostCells).map(({ cell, count: times }) => `${cellName(cell)}: ${times}`),
        cells.length,
      ),
    ],
    ...(otherTitles.length === 0
      ? []
      : [['Also called', list(otherTitles, otherTitles.length)] as const]),
    ['Folder', html`<code>${reproducer.folder}</code>`],
    [
      'Runs',
      html`<code>${runs.slice(0, mostRuns).join(' ')}</code>${count > mostRuns ? ` and ${count - mostRuns} more` : null}`,
    ],
  ];
  return html`<dl class="facts">${rows.map(([term, what]) => html`<dt>${term}</dt><dd>${what}</dd>`)}</dl>`;
}

function list(lines: readonly string[], all: number): Content {
  const rest = all > lines.length ? html`<br>and ${all - lines.length} more` : null;
  return [lines.map((line, at) => (at === 0 ? line : html`<br>${line}`)), rest];
}

function identicalBadge(identical: boolean | null): Markup | null {
  if (identical === null) return null;
  return identical
    ? html`<span class="badge good">came back identical</span>`
    : html`<span class="badge warn">did not come back identical</span>`;
}

function more(summary: string, content: Content, open = false): Markup {
  return html`<details${open ? html` open` : null}><summary>${summary}</summary>${content}</details>`;
}

function pre(name: string, text: string): Markup {
  return html`<pre tabindex="0" role="region" aria-label="${name}">${text}</pre>`;
}

function bounded(text: string): string {
  if (text.length <= mostText) return text;
  return `${text.slice(0, mostText)}\n(the rest is in report.txt of the folder)`;
}

function timelineTable({ title, timeline }: CrashGroupReport): Markup {
  const shown = timeline.slice(-mostTimeline);
  const rows = shown.map(
    ({ seconds, what }) =>
      html`<tr><td class="num">${seconds === null ? '' : seconds.toFixed(3)}</td><td>${what}</td></tr>`,
  );
  return scrollBox(
    `Timeline of ${title}`,
    html`<table><caption>The last ${plural(shown.length, 'event')}, by virtual seconds of the guest</caption><thead><tr><th scope="col" class="num">Seconds</th><th scope="col">What</th></tr></thead><tbody>${rows}</tbody></table>`,
    'bare',
  );
}

function otherGroups(groups: readonly CrashGroupReport[]): Markup {
  const rows = groups.map(
    ({ title, count, lastSeen, reproducer }) =>
      html`<tr><th scope="row" class="min">${title}</th><td class="num">${count}</td><td class="nowrap">${moment(lastSeen)}</td><td class="nowrap"><code>${reproducer.command}</code></td></tr>`,
  );
  return html`<table><caption>Bugs that came less often</caption><thead><tr><th scope="col">Title</th><th scope="col" class="num">Crashes</th><th scope="col">Last seen (UTC)</th><th scope="col">Bring it back</th></tr></thead><tbody>${rows}</tbody></table>`;
}
