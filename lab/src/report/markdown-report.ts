// SPDX-License-Identifier: Apache-2.0
import type { CampaignReport, CellReport, CrashGroupReport } from './campaign-report.ts';
import { cellName, conditions, driverName } from './cell-name.ts';
import { formatHours } from './durations.ts';
import { plural } from './plural.ts';
import {
  comparedUnder,
  comparisonWords,
  endWords,
  healthFindings,
  manyComparisons,
  mtbfWords,
  novelty,
  sumOutcome,
  whenAndWhere,
} from './report-words.ts';
import { printable } from './well-formed.ts';

/** A CI service takes no summary beyond a mebibyte. */
const mostBytes = 1_000_000;
const mostCells = 200;
const mostRows = 500;
const mostDetails = 50;
const mostText = 8 * 1024;
const mostTitles = 50;
const mostComparisons = 100;

/** A summary in GitHub's Markdown, below a megabyte; what guests said stands in code, where nothing of it is markup. */
export function markdownReport(report: CampaignReport): string {
  const parts = [
    heading(report),
    cellPart(report),
    comparisonPart(report),
    differencePart(report),
    healthPart(report),
    crashPart(report),
    ...report.groups.slice(0, mostDetails).map(details),
  ];
  let text = '';
  for (const part of parts) {
    const more = part.map((line) => `${line}\n`).join('');
    if (Buffer.byteLength(text) + Buffer.byteLength(more) > mostBytes) {
      return `${text}\nThe rest is in the HTML and JSON reports.\n`;
    }
    text += more;
  }
  return text;
}

function heading(report: CampaignReport): string[] {
  const { id, name, seed } = report.campaign;
  const failed = sumOutcome(report, 'FAIL');
  return [
    `## Ferrolab: ${code(name ?? id)}`,
    '',
    `**${failed === 0 ? 'No failure' : `${plural(failed, 'failure')} from ${plural(report.groups.length, 'bug')}`}**, ${escaped(whenAndWhere(report.campaign))}, seed ${seed}; ${escaped(endWords(report.campaign))}.`,
    '',
  ];
}

function cellPart({ cells }: CampaignReport): string[] {
  if (cells.length === 0) return ['No run has ended.', ''];
  return [
    '### MTBF under stress',
    '',
    'Virtual time between failures while faults are injected: for comparing, not for the field.',
    '',
    ...table(
      ['Driver', 'Conditions', 'PASS', 'FAIL', 'ERROR', 'MISS', 'Exposure', 'MTBF under stress'],
      cells.slice(0, mostCells).map(cellRow),
    ),
    ...(cells.length > mostCells ? [`and ${cells.length - mostCells} more cells`, ''] : []),
  ];
}

function cellRow({ cell, runs, exposureHours, mtbf }: CellReport): string[] {
  return [
    code(driverName(cell)),
    code(conditions(cell)),
    ...[runs.PASS, runs.FAIL, runs.ERROR, runs.MISS].map(String),
    formatHours(exposureHours.virtual),
    mtbfWords(mtbf),
  ];
}

function comparisonPart(report: CampaignReport): string[] {
  const { comparisons } = report;
  if (comparisons.length === 0) return [];
  const many = manyComparisons(report);
  const lines = comparisons
    .slice(0, mostComparisons)
    .map((one) => `* ${code(comparedUnder(one))}: ${escaped(comparisonWords(one))}`);
  return ['### Driver against driver', '', ...lines, '', ...(many === null ? [] : [many, ''])];
}

function differencePart({ difference }: CampaignReport): string[] {
  if (difference === null) return [];
  const { previous, appeared, gone, still } = difference;
  const titles = (what: string, all: readonly string[]): string[] => [
    `* ${what}: ${all.length}`,
    ...all.slice(0, mostTitles).map((title) => `  * ${code(title)}`),
  ];
  return [
    `### Since ${code(previous.id)}`,
    '',
    ...titles('new', appeared),
    ...titles('not seen again', gone),
    `* still there: ${still.length}`,
    '',
  ];
}

function healthPart(report: CampaignReport): string[] {
  const lines = healthFindings(report).map(
    ({ well, what }) => `* ${well ? 'ok' : '**look**'}: ${escaped(what)}`,
  );
  return ['### The lab itself', '', ...lines, ''];
}

function crashPart(report: CampaignReport): string[] {
  const { groups } = report;
  if (groups.length === 0) return ['### No crashes', ''];
  return [
    `### Crashes: ${plural(groups.length, 'bug')}`,
    '',
    ...table(
      ['Crashes', 'Title', 'Bring it back'],
      groups
        .slice(0, mostRows)
        .map((group) => [
          String(group.count),
          `${code(group.title)}${novelty(report, group) === 'new' ? ' **new**' : ''}`,
          code(group.reproducer.command),
        ]),
    ),
    ...(groups.length > mostRows ? [`and ${groups.length - mostRows} more`, ''] : []),
  ];
}

function details({ title, count, cells, text }: CrashGroupReport): string[] {
  if (text === '') return [];
  return [
    `<details><summary>${entities(title)}</summary>`,
    '',
    `${plural(count, 'crash', 'crashes')} in ${cells
      .slice(0, 10)
      .map(({ cell }) => code(cellName(cell)))
      .join(', ')}`,
    '',
    ...fenced(text.slice(0, mostText)),
    '',
    '</details>',
    '',
  ];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  // A bar ends a cell, even in a code span.
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line), ''];
}

/** A code span with any text in it. */
function code(text: string): string {
  const plain = safe(text);
  const fence = '`'.repeat(longestTicks(plain) + 1);
  const room = /^`|`$|^ .* $/.test(plain) ? ' ' : '';
  return plain === '' ? '' : `${fence}${room}${plain}${room}${fence}`;
}

function fenced(text: string): string[] {
  const lines = text.split('\n').map(safe);
  const fence = '`'.repeat(Math.max(3, longestTicks(lines.join('\n')) + 1));
  return [`${fence}text`, ...lines, fence];
}

function longestTicks(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
}

/** Any punctuation can be escaped in Markdown. */
function escaped(text: string): string {
  return safe(text).replace(/[\\`*_{}[\]<>()#+!|~@$&]/g, '\\$&');
}

function entities(text: string): string {
  return safe(text).replace(/[^\w .,:/-]/g, (character) => `&#${character.codePointAt(0)};`);
}

function safe(text: string): string {
  return printable(text.replaceAll('\n', ' '));
}
