// SPDX-License-Identifier: Apache-2.0
import type { CampaignReport, CellReport, CrashGroupReport } from './campaign-report.ts';
import { cellKey, cellName } from './cell-name.ts';
import { mtbfWords, sumRuns } from './report-words.ts';
import { escapeXml, escapeXmlAttribute } from './xml-text.ts';

/** One case of a suite. */
interface TestCase {
  readonly name: string;
  readonly seconds: number;
  /** null when it passed. */
  readonly problem: {
    readonly kind: 'failure' | 'error' | 'skipped';
    readonly message: string;
    readonly type: string;
    readonly text: string;
  } | null;
}

interface Suite {
  readonly name: string;
  readonly seconds: number;
  readonly cases: readonly TestCase[];
  readonly output: string;
}

const mostGroups = 1_000;
const mostText = 8 * 1024;
/** Groups with their report; the others have the command only. */
const mostReports = 200;

/**
 * JUnit XML: a suite a cell, a failed case for each bug in it, and one more that passes when nothing else crashed, so
 * that a night without crashes is not an empty one. A suite of its own says whether the lab can be trusted.
 */
export function junitReport(report: CampaignReport): string {
  const { campaign, cells } = report;
  const suites = [...cells.map((cell) => cellSuite(report, cell)), labSuite(report)];
  const cases = suites.flatMap((suite) => suite.cases);
  const seconds = suites.reduce((sum, suite) => sum + suite.seconds, 0);
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${attributes({ name: `ferrolab ${campaign.name ?? campaign.id}`, ...totals(cases), time: seconds.toFixed(3) })}>
${suites.map((suite) => suiteXml(report, suite)).join('')}</testsuites>
`;
}

function cellSuite({ groups }: CampaignReport, cell: CellReport): Suite {
  const key = cellKey(cell.cell);
  const seconds = cell.exposureHours.wall * 3_600;
  const own = groups
    .slice(0, mostGroups)
    .flatMap((group, at) =>
      group.cells
        .filter((one) => cellKey(one.cell) === key)
        .map(({ count }) => crashCase(group, count, at < mostReports)),
    );
  const rest: TestCase = {
    name: 'no other crash',
    seconds,
    problem: seconds > 0 || cell.runs.PASS + cell.runs.FAIL > 0 ? null : untested(cell),
  };
  return {
    name: cellName(cell.cell),
    seconds,
    cases: [...own, rest],
    output: `${sumRuns(cell)} runs: ${cell.runs.PASS} PASS, ${cell.runs.FAIL} FAIL, ${cell.runs.ERROR} ERROR, ${cell.runs.MISS} MISS\nMTBF under stress: ${mtbfWords(cell.mtbf)}\n`,
  };
}

function crashCase(group: CrashGroupReport, count: number, full: boolean): TestCase {
  const { title, type, reproducer, text } = group;
  const reported = full && text !== '' ? `\n\n${text.slice(0, mostText)}` : '';
  return {
    name: title,
    seconds: 0,
    problem: {
      kind: 'failure',
      message: `${count} of its runs crashed so`,
      type: type === '' ? 'crash' : type,
      text: `bring it back: ${reproducer.command}\nfolder: ${reproducer.folder}${reported}`,
    },
  };
}

function untested({ runs }: CellReport): TestCase['problem'] {
  const kind = runs.ERROR > 0 ? 'error' : 'skipped';
  const message = `nothing was tested: ${runs.ERROR} ERROR, ${runs.MISS} MISS`;
  return { kind, message, type: 'nothing-tested', text: message };
}

function labSuite({ health }: CampaignReport): Suite {
  const { canary, deadFaults, troubles } = health;
  const passed = (name: string): TestCase => ({ name, seconds: 0, problem: null });
  const failed = (name: string, message: string): TestCase => ({
    name,
    seconds: 0,
    problem: { kind: 'error', message, type: 'lab', text: message },
  });
  const canaryCase = 'the canary is caught';
  return {
    name: 'the lab itself',
    seconds: 0,
    cases: [
      ...(canary === null
        ? []
        : [
            canary.caught
              ? passed(canaryCase)
              : failed(canaryCase, `${cellName(canary.cell)}: not caught in ${canary.runs} runs`),
          ]),
      deadFaults.length === 0
        ? passed('all faults arrive')
        : failed(
            'all faults arrive',
            deadFaults
              .map(({ cell, types }) => `${cellName(cell)}: ${types.join(', ')}`)
              .join('; '),
          ),
    ],
    output: troubles
      .map(({ outcome, count, reason }) => `${outcome} ${count}: ${reason}\n`)
      .join(''),
  };
}

function suiteXml({ campaign }: CampaignReport, { name, seconds, cases, output }: Suite): string {
  const head = {
    name,
    ...totals(cases),
    time: seconds.toFixed(3),
    timestamp: campaign.startedAt.replace(/\.\d+Z$/, ''),
    hostname: campaign.hosts.join(' '),
  };
  const out = output === '' ? '' : `<system-out>${escapeXml(output)}</system-out>\n`;
  return `<testsuite ${attributes(head)}>\n${cases.map((one) => caseXml(name, one)).join('')}${out}</testsuite>\n`;
}

function caseXml(suite: string, { name, seconds, problem }: TestCase): string {
  const head = attributes({ classname: suite, name, time: seconds.toFixed(3) });
  if (problem === null) return `<testcase ${head}/>\n`;
  const { kind, message, type, text } = problem;
  const about = attributes(kind === 'skipped' ? { message } : { message, type });
  return `<testcase ${head}><${kind} ${about}>${escapeXml(text)}</${kind}></testcase>\n`;
}

function totals(cases: readonly TestCase[]) {
  const count = (kind: string) => cases.filter(({ problem }) => problem?.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXmlAttribute(String(value))}"`)
    .join(' ');
}
