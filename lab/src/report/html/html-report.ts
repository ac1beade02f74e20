// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { CampaignReport } from '../campaign-report.ts';
import { formatHours } from '../durations.ts';
import { plural } from '../plural.ts';
import { endWords, healthFindings, sumOutcome, sumRuns, whenAndWhere } from '../report-words.ts';
import { mtbfSection, survivalSection } from './cell-section.ts';
import { crashSection } from './crash-section.ts';
import { html, type Markup } from './markup.ts';
import {
  comparisonSection,
  coverageSection,
  differenceSection,
  healthSection,
} from './other-sections.ts';
import { styleSheet } from './style.ts';

/** The report as one page that asks for nothing: no script, no image, no other file. */
export function htmlReport(report: CampaignReport): string {
  const { campaign } = report;
  const name = campaign.name ?? campaign.id;
  const sections = sectionsOf(report);
  const page = html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${name}: ${headline(report)}</title>
<style>${styleSheet}</style></head>
<body><a class="skip" href="#content">Skip to the content</a>
<div class="wrap"><header>
<p class="eyebrow">Ferrolab campaign report</p><h1>${name}</h1>
${subtitle(report)}
<p class="lead">${headline(report)}</p>
${tiles(report)}
<nav aria-label="Parts of this report"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main id="content" tabindex="-1">
${sections.map(({ content }) => content)}
</main>
<footer><p>Campaign <code>${campaign.id}</code>, seed ${campaign.seed}. Times are UTC; exposure and MTBF are in virtual time of the guests. <code>docs/reading-the-report.md</code> says how to read this page.</p></footer>
</div></body></html>`;
  return `<!DOCTYPE html>\n${page.markup}\n`;
}

const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(styleSheet.markup).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function subtitle({ campaign }: CampaignReport): Markup {
  const { name, id } = campaign;
  return html`<p class="soft">${whenAndWhere(campaign)}${name === null ? '' : `, ${id}`}; ${endWords(campaign)}</p>`;
}

/** The night in a sentence. */
function headline(report: CampaignReport): string {
  const { cells, groups } = report;
  const hours = cells.reduce((sum, { exposureHours }) => sum + exposureHours.virtual, 0);
  if (hours === 0) return 'Nothing was tested.';
  const failed = sumOutcome(report, 'FAIL');
  const runs = failed + sumOutcome(report, 'PASS');
  const under = `in ${plural(runs, 'run')} under stress`;
  if (failed === 0) return `No failure ${under}.`;
  return `${plural(failed, 'failure')} from ${plural(groups.length, 'bug')} ${under}.`;
}

function tiles(report: CampaignReport): Markup {
  const { cells, groups, difference } = report;
  const runs = cells.reduce((sum, cell) => sum + sumRuns(cell), 0);
  const total = (of: 'virtual' | 'wall') =>
    formatHours(cells.reduce((sum, { exposureHours }) => sum + exposureHours[of], 0));
  const doubts = healthFindings(report).filter(({ well }) => !well).length;
  const news =
    difference === null ? 'nothing to compare with' : `${difference.appeared.length} new`;
  const all: readonly (readonly [string, string, string])[] = [
    ['Bugs', String(groups.length), news],
    ['Failures', String(sumOutcome(report, 'FAIL')), `of ${plural(runs, 'run')}`],
    ['Exposure', total('virtual'), `virtual; ${total('wall')} of wall time`],
    ['Cells', String(cells.length), 'never pooled with each other'],
    ['The lab', doubts === 0 ? 'well' : plural(doubts, 'doubt'), 'see the last part'],
  ];
  return html`<dl class="tiles">${all.map(([term, figure, more]) => html`<div class="tile"><dt>${term}</dt><dd>${figure}<small>${more}</small></dd></div>`)}</dl>`;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

function sectionsOf(report: CampaignReport): readonly Section[] {
  const all = [
    ['crashes', 'Crashes', crashSection(report)],
    ['mtbf', 'MTBF under stress', mtbfSection(report)],
    ['survival', 'Time to failure', survivalSection(report)],
    ['drivers', 'Driver against driver', comparisonSection(report)],
    ['difference', 'Since the campaign before', differenceSection(report)],
    ['coverage', 'Coverage', coverageSection(report)],
    ['lab', 'The lab itself', healthSection(report)],
  ] as const;
  return all.flatMap(([id, title, content]) => (content === null ? [] : [{ id, title, content }]));
}
