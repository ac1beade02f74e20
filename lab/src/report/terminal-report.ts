// SPDX-License-Identifier: Apache-2.0
import { textTable } from '../text-table.ts';
import type { CampaignReport, CellReport, CrashGroupReport } from './campaign-report.ts';
import { conditions, driverName } from './cell-name.ts';
import { formatHours } from './durations.ts';
import { plural } from './plural.ts';
import {
  comparedUnder,
  comparisonWords,
  endWords,
  goalWords,
  healthFindings,
  manyComparisons,
  moment,
  mtbfWords,
  novelty,
  probabilityWords,
  sumRuns,
  trendWords,
  whenAndWhere,
} from './report-words.ts';
import { printable } from './well-formed.ts';

const mostGroups = 20;
const mostTitles = 20;
const mostTroubles = 10;
const width = 100;

/** A report for a terminal of 80 columns or more; lines without the last newline. Nothing of a guest can move the cursor. */
export function terminalReport(report: CampaignReport): string {
  const parts = [
    heading(report),
    cellLines(report),
    crashLines(report),
    comparisonLines(report),
    differenceLines(report),
    coverageLines(report),
    healthLines(report),
  ];
  const lines = parts
    .filter((part) => part.length > 0)
    .flatMap((part, at) => (at === 0 ? part : ['', ...part]));
  return lines
    .flatMap((line) => line.split('\n'))
    .map(printable)
    .join('\n');
}

function heading({ campaign }: CampaignReport): string[] {
  const { id, name, seed } = campaign;
  return [
    name === null ? `campaign ${id}` : `campaign ${name} (${id})`,
    `${whenAndWhere(campaign)}, seed ${seed}; ${endWords(campaign)}`,
  ];
}

function cellLines({ cells }: CampaignReport): string[] {
  if (cells.length === 0) return ['no run has ended'];
  const surroundings = [...new Set(cells.map(({ cell }) => conditions(cell)))];
  return surroundings.flatMap((under, at) => {
    const own = cells.filter(({ cell }) => conditions(cell) === under);
    const table = textTable(
      ['driver', 'runs', 'fail', 'no result', 'exposure', 'MTBF under this stress'],
      own.map(cellRow),
    );
    const more = own.flatMap(cellNotes);
    return [...(at === 0 ? [] : ['']), under, ...table.map(indent), ...more.map(indent)];
  });
}

function cellRow(cell: CellReport): string[] {
  const { runs, exposureHours, mtbf } = cell;
  return [
    driverName(cell.cell),
    String(sumRuns(cell)),
    String(runs.FAIL),
    String(runs.MISS + runs.ERROR),
    formatHours(exposureHours.virtual),
    mtbfWords(mtbf),
  ];
}

function cellNotes(cell: CellReport): string[] {
  const name = driverName(cell.cell);
  const goal = goalWords(cell);
  return [
    ...(cell.failureProbability === null
      ? []
      : [`${name}: a run fails with probability ${probabilityWords(cell)}`]),
    ...(cell.trend === null || cell.trend.verdict === 'constant'
      ? []
      : [`${name}: ${trendWords(cell)}; one MTBF does not describe it`]),
    ...(goal === null ? [] : wrapped(`${name}: ${goal}`)),
  ];
}

function crashLines(report: CampaignReport): string[] {
  const { groups } = report;
  if (groups.length === 0) return ['no crashes'];
  const more = groups.length - mostGroups;
  return [
    `crashes: ${plural(groups.length, 'bug')}`,
    ...groups.slice(0, mostGroups).flatMap((group) => groupLines(report, group)),
    ...(more > 0 ? [indent(`and ${more} more: --html, --json or --markdown has them`)] : []),
  ];
}

function groupLines(report: CampaignReport, group: CrashGroupReport): string[] {
  const { title, count, firstSeen, lastSeen, cells, exposureHoursToFirst, reproducer } = group;
  const where = cells.map(({ cell }) => driverName(cell));
  const seen = count === 1 ? moment(firstSeen) : `${moment(firstSeen)} to ${moment(lastSeen)}`;
  const news = novelty(report, group);
  return [
    indent(`${String(count).padStart(4)}  ${title}${news === 'new' ? '  (new)' : ''}`),
    `        ${[...new Set(where)].join(', ')}; ${seen}; first after ${formatHours(exposureHoursToFirst)}`,
    `        ${reproducer.command}${identicalWords(reproducer.identical)}`,
  ];
}

function identicalWords(identical: boolean | null): string {
  if (identical === null) return '';
  return identical ? '  (came back identical)' : '  (did NOT come back identical)';
}

function comparisonLines(report: CampaignReport): string[] {
  const { comparisons } = report;
  if (comparisons.length === 0) return [];
  const many = manyComparisons(report);
  return [
    'drivers compared',
    ...comparisons.flatMap((one) => [
      indent(comparedUnder(one)),
      ...wrapped(comparisonWords(one), width - 4).map((line) => `    ${line}`),
    ]),
    ...(many === null ? [] : wrapped(many).map(indent)),
  ];
}

function differenceLines({ difference }: CampaignReport): string[] {
  if (difference === null) return [];
  const { previous, appeared, gone, still } = difference;
  return [
    `since ${previous.id} (${moment(previous.startedAt)})`,
    ...titles('new', appeared),
    ...titles('not seen again', gone),
    ...titles('still there', still),
  ];
}

function titles(heading: string, all: readonly string[]): string[] {
  if (all.length === 0) return [indent(`${heading}: none`)];
  const more = all.length - mostTitles;
  return [
    indent(`${heading}:`),
    ...all.slice(0, mostTitles).map((title) => `    ${title}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

function coverageLines({ coverage }: CampaignReport): string[] {
  if (coverage.length === 0) return [];
  const rows = coverage.map(({ cell, coverage: { lines, functions, branches, states } }) => [
    driverName(cell),
    // A driver without debugging information has no lines, another card no states.
    ...[lines, functions, branches, states].map(({ reached, all }) =>
      all === 0 ? '-' : `${reached}/${all}`,
    ),
  ]);
  const heading = ['driver', 'lines', 'functions', 'branches', 'device states'];
  return ['coverage', ...textTable(heading, rows, 'right').map(indent)];
}

function healthLines(report: CampaignReport): string[] {
  const { troubles } = report.health;
  return [
    'the lab itself',
    ...healthFindings(report).flatMap(({ well, what }) =>
      wrapped(what, width - 6).map(
        (line, at) => `${at > 0 ? '      ' : well ? '  ok  ' : '  !!  '}${line}`,
      ),
    ),
    ...troubles
      .slice(0, mostTroubles)
      .map(({ outcome, reason, count, folder }) =>
        indent(`${outcome} ${plural(count, 'time')}: ${reason} (${folder})`),
      ),
  ];
}

function indent(line: string): string {
  return `  ${line}`;
}

/** Text in lines that are no longer than `most`, where words allow it. */
function wrapped(text: string, most = width - 2): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
