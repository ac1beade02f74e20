// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Outcome } from '../verdict.ts';
import type { CampaignReport, CellReport, CrashGroupReport } from './campaign-report.ts';
import { cellKey, cellName } from './cell-name.ts';
import { plural } from './plural.ts';
import { mtbfWords } from './report-words.ts';
import { wellFormed } from './well-formed.ts';

/** What KCIDB knows the submitter by. */
const origin = 'ferrolab';
const mostGroups = 1_000;
/** The schema's maxLength of `log_excerpt`. */
const mostExcerpt = 16_384;

/**
 * KCIDB's interchange format, version 5.3: the campaign is a checkout, a cell a build and a test of it, a bug an issue,
 * and its crashes in a cell an incident. Ids of issues are the same in every campaign.
 */
export function kcidbReport(report: CampaignReport): object {
  const { campaign, cells } = report;
  const groups = report.groups.slice(0, mostGroups);
  const canary = canaryTest(report);
  return {
    version: { major: 5, minor: 3 },
    checkouts: [
      {
        id: checkoutId(report),
        origin,
        comment: clean(`Ferrolab campaign ${campaign.name ?? campaign.id}, seed ${campaign.seed}`),
        start_time: campaign.startedAt,
        valid: true,
      },
    ],
    builds: [...cells.map(({ cell }) => buildOf(report, cell)), ...canary.builds],
    tests: [...cells.map((cell) => testOf(report, cell)), ...canary.tests],
    issues: groups.map(issueOf),
    incidents: groups.flatMap((group) => incidentsOf(report, group)),
  };
}

function buildOf(report: CampaignReport, cell: CellReport['cell']) {
  return {
    id: cellId(report, cell),
    origin,
    checkout_id: checkoutId(report),
    comment: clean(cellName(cell)),
    architecture: 'x86_64',
    config_name: clean(cell.kernel),
    status: 'PASS',
    misc: { cell },
  };
}

function testOf(report: CampaignReport, cell: CellReport) {
  const { runs, exposureHours, mtbf, failures, faults, workloads } = cell;
  const id = cellId(report, cell.cell);
  const text = report.groups.find((group) => isIn(group, cell))?.text ?? '';
  return {
    id,
    origin,
    build_id: id,
    path: ['ferrolab', cell.cell.target, cell.cell.driver, cell.cell.profile]
      .map(pathWord)
      .join('.'),
    environment: {
      comment: clean(
        `QEMU, ${cell.cell.mode} on ${cell.cell.accel}; ${report.campaign.hosts.join(', ')}`,
      ),
    },
    status: statusOf(runs),
    start_time: report.campaign.startedAt,
    duration: Math.round(exposureHours.wall * 3_600),
    comment: clean(`MTBF under injected faults: ${mtbfWords(mtbf)}`),
    ...(text === '' ? {} : { log_excerpt: clean(text).slice(0, mostExcerpt) }),
    misc: {
      runs,
      exposureHours,
      mtbfHours: mtbf,
      failures: failures.slice(0, mostGroups),
      faults,
      workloads,
    },
  };
}

/** One run in a thousand that was missed does not make a cell a miss. */
function statusOf(runs: Readonly<Record<Outcome, number>>): Outcome {
  const found = (['FAIL', 'PASS', 'ERROR'] as const).find((outcome) => runs[outcome] > 0);
  return found ?? 'MISS';
}

function canaryTest(report: CampaignReport) {
  const { canary } = report.health;
  if (canary === null) return { builds: [], tests: [] };
  const build = buildOf(report, canary.cell);
  const id = `${build.id}:canary`;
  return {
    builds: [{ ...build, id }],
    tests: [
      {
        id,
        origin,
        build_id: id,
        path: 'ferrolab.canary',
        status: canary.caught ? 'PASS' : 'ERROR',
        comment: clean(
          canary.caught
            ? `a known defect was caught: ${canary.title ?? ''}`
            : `a known defect was not caught in ${canary.runs} runs`,
        ),
      },
    ],
  };
}

function issueOf({ title, type, frame }: CrashGroupReport) {
  return {
    id: issueId(title),
    version: 1,
    origin,
    report_subject: clean(title),
    culprit: { code: true, tool: false, harness: false },
    misc: { type, frame },
  };
}

function incidentsOf(report: CampaignReport, group: CrashGroupReport) {
  const { title, cells, reproducer } = group;
  return cells.map(({ cell, count }) => ({
    id: `${origin}:${hash([report.campaign.id, cellKey(cell), title])}`,
    origin,
    issue_id: issueId(title),
    issue_version: 1,
    test_id: cellId(report, cell),
    present: true,
    comment: clean(`${plural(count, 'crash', 'crashes')}; ${reproducer.command}`),
  }));
}

function isIn({ cells }: CrashGroupReport, { cell }: CellReport): boolean {
  return cells.some((one) => cellKey(one.cell) === cellKey(cell));
}

function checkoutId({ campaign }: CampaignReport): string {
  return `${origin}:${clean(campaign.id)}`;
}

function cellId({ campaign }: CampaignReport, cell: CellReport['cell']): string {
  return `${origin}:${hash([campaign.id, cellKey(cell)])}`;
}

function issueId(title: string): string {
  return `${origin}:${hash([title])}`;
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** No NUL is allowed anywhere, and a lone half of a character is no text. */
function clean(text: string): string {
  return wellFormed(text.replaceAll('\0', ''));
}

/** A part of a test's path: letters, digits, `_` and `-`. */
function pathWord(word: string): string {
  return word.replace(/[^a-zA-Z0-9_-]+/g, '_') || '_';
}
