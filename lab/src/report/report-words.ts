// SPDX-License-Identifier: Apache-2.0
import type { Mtbf } from '../stats/mtbf.ts';
import type { Outcome } from '../verdict.ts';
import type {
  CampaignReport,
  CellComparison,
  CellReport,
  CrashGroupReport,
  LabHealth,
} from './campaign-report.ts';
import { conditions, driverName } from './cell-name.ts';
import { formatHours } from './durations.ts';
import { plural } from './plural.ts';

/** Below this a difference is called one. */
const significant = 0.05;

/** An MTBF with its interval, or the bound that no failure leaves. */
export function mtbfWords({ failures, estimate, lower, upper }: Mtbf): string {
  if (estimate !== null && lower !== null && upper !== null) {
    return `${formatHours(estimate)} (95%: ${formatHours(lower)} to ${formatHours(upper)})`;
  }
  if (lower !== null) return `at least ${formatHours(lower)} (95% bound, no failure)`;
  return failures === 0 ? 'nothing was tested' : 'failed before any time under test';
}

/** How likely a run fails. */
export function probabilityWords({ failureProbability }: CellReport): string {
  if (failureProbability === null) return '';
  const { estimate, lower, upper } = failureProbability;
  if (estimate === 0) return `at most ${percent(upper)}`;
  return `${percent(estimate)} (${percent(lower)} to ${percent(upper)})`;
}

/** Whether a cell's failures come more often as time goes on. */
export function trendWords({ trend }: CellReport): string {
  if (trend === null) return 'too few failures to tell';
  const { verdict, p } = trend;
  const said = {
    constant: 'no trend',
    worsening: 'failures come more and more often',
    improving: 'failures come less and less often',
  }[verdict];
  return `${said} (p ${probability(p)})`;
}

/** What the campaign's goal says of a cell; null without one. */
export function goalWords({ goal }: CellReport): string | null {
  if (goal === null) return null;
  const { mtbfHours, insteadOfHours, decision, hoursNeeded } = goal;
  const aim = `an MTBF of ${formatHours(mtbfHours)}, not of ${formatHours(insteadOfHours)}`;
  const claim =
    hoursNeeded > 0
      ? `to claim it with 95% confidence takes ${formatHours(hoursNeeded)} more without a failure`
      : 'it can be claimed with 95% confidence';
  switch (decision.kind) {
    case 'accept':
      return `${aim}: accepted by the sequential test; ${claim}`;
    case 'reject':
      return `${aim}: rejected by the sequential test`;
    case 'go-on':
      return `${aim}: not decided; ${formatHours(decision.acceptAfter)} more without a failure and the sequential test accepts it; ${claim}`;
  }
}

/** How two drivers compare, in a sentence that claims no more than the figures do. */
export function comparisonWords({ a, b, comparison }: CellComparison): string {
  const { ratio, p } = comparison;
  const [one, other] = [driverName(a), driverName(b)];
  const count = ({ failures, exposure }: { failures: number; exposure: number }): string =>
    `${plural(failures, 'failure')} in ${formatHours(exposure)}`;
  const figures = `${one}: ${count(comparison.a)}; ${other}: ${count(comparison.b)}`;
  if (comparison.a.failures + comparison.b.failures === 0) {
    return `Neither failed, so nothing can be said of which is the better one. ${figures}.`;
  }
  if (p >= significant) {
    return `No difference is shown (p ${probability(p)}). ${figures}. That is not to say that there is none.`;
  }
  const aWorse = ratio.estimate > 1;
  const [worse, better] = aWorse ? [one, other] : [other, one];
  const [estimate, lower, upper] = aWorse
    ? [ratio.estimate, ratio.lower, ratio.upper]
    : [1 / ratio.estimate, 1 / ratio.upper, 1 / ratio.lower];
  const times = Number.isFinite(upper)
    ? `${significantDigits(estimate)} times as often as ${better} (95%: ${significantDigits(lower)} to ${significantDigits(upper)})`
    : `at least ${significantDigits(lower)} times as often as ${better}, which did not fail (95%)`;
  return `${worse} fails ${times}, p ${probability(p)}. ${figures}.`;
}

/** What cells of a comparison have in common. */
export function comparedUnder({ a }: CellComparison): string {
  const defect = a.defect === null ? '' : `, defect ${a.defect}`;
  return `${conditions(a)}${defect}`;
}

/** Many comparisons are bound to show a difference where there is none; null when there are few. */
export function manyComparisons({ comparisons }: CampaignReport): string | null {
  const { length } = comparisons;
  return length < 3
    ? null
    : `These are ${length} comparisons: of 20 between drivers that fail alike, about one comes out with p below ${significant}.`;
}

/** From when to when a campaign went, and where. */
export function whenAndWhere({ startedAt, endedAt, hosts }: CampaignReport['campaign']): string {
  const until = endedAt === null ? '' : ` to ${moment(endedAt)}`;
  return `${moment(startedAt)}${until} UTC${hosts.length === 0 ? '' : ` on ${hosts.join(', ')}`}`;
}

/** How a campaign came to its end. */
export function endWords({ end, endedAt }: CampaignReport['campaign']): string {
  switch (end?.kind) {
    case undefined:
      return endedAt === null ? 'no run has ended' : 'no end noted';
    case 'budget':
      return 'ran for its whole budget';
    case 'interrupted':
      return 'interrupted; it can go on';
    case 'decided':
      return end.decision === 'accept' ? 'its goal is reached' : 'its goal is out of reach';
    case 'gave-up':
      return `given up: ${end.reason}`;
  }
}

/** Something of the lab's health. */
export interface HealthFinding {
  readonly well: boolean;
  readonly what: string;
}

/** The lab's health in sentences, what is not well first. */
export function healthFindings(report: CampaignReport): readonly HealthFinding[] {
  const { canary, deadFaults, lost, retried, startMs } = report.health;
  const missed = sumOutcome(report, 'MISS');
  const errors = sumOutcome(report, 'ERROR');
  const findings = [
    canaryFinding(canary),
    ...deadFaults.map(({ cell, types }) => ({
      well: false,
      what: `${driverName(cell)} (${conditions(cell)}) was never reached by ${types.join(', ')}, though asked for: nothing is shown about it`,
    })),
    ...(deadFaults.length === 0
      ? [{ well: true, what: 'every type of fault that was asked for arrived' }]
      : []),
    {
      well: missed === 0,
      what:
        missed === 0
          ? 'no run was missed'
          : `${plural(missed, 'run')} missed for the lab's own reasons; neither a failure nor exposure`,
    },
    ...(retried > 0
      ? [{ well: true, what: `${plural(retried, 'missed run')} came out well at the second try` }]
      : []),
    ...(errors > 0
      ? [
          {
            well: false,
            what: `${plural(errors, 'run')} ended with a mistake of the test; neither a failure nor exposure`,
          },
        ]
      : []),
    ...comesBackFindings(report),
    {
      well: lost === 0,
      what: lost === 0 ? 'no run was lost' : `${plural(lost, 'run')} lost with a killed lab`,
    },
    ...(startMs === null
      ? []
      : [
          {
            well: true,
            what: `a live run has its driver loaded after ${seconds(startMs.median)} (median), ${seconds(startMs.p99)} (99% of runs)`,
          },
        ]),
  ];
  return [...findings.filter(({ well }) => !well), ...findings.filter(({ well }) => well)];
}

function canaryFinding(canary: LabHealth['canary']): HealthFinding {
  if (canary === null) {
    return { well: false, what: 'there was no canary: that defects are caught was not shown' };
  }
  const { caught, title, runs } = canary;
  const name = driverName(canary.cell);
  if (caught) {
    return { well: true, what: `the canary ${name} was caught: ${title ?? 'without a title'}` };
  }
  return {
    well: false,
    what: `the canary ${name} was NOT caught in ${plural(runs, 'run')}: do not trust that others did not fail`,
  };
}

/** That crashes come back is what the lab promises: of those that were tried, whether it kept it. */
function comesBackFindings({ groups }: CampaignReport): readonly HealthFinding[] {
  const tried = groups.filter(({ reproducer }) => reproducer.identical !== null);
  const failed = tried.filter(({ reproducer }) => reproducer.identical === false);
  if (tried.length === 0) return [];
  if (failed.length === 0) {
    return [
      {
        well: true,
        what: `${tried.length} of ${plural(tried.length, 'bug')} tried came back identical`,
      },
    ];
  }
  const titles = failed.slice(0, 5).map(({ title }) => title);
  return [
    {
      well: false,
      what: `${failed.length} of ${plural(tried.length, 'bug')} tried did not come back identical: ${titles.join('; ')}${failed.length > titles.length ? '; …' : ''}`,
    },
  ];
}

/** Runs of all cells with an outcome. */
export function sumOutcome({ cells }: CampaignReport, outcome: Outcome): number {
  return cells.reduce((sum, { runs }) => sum + runs[outcome], 0);
}

/** All runs of a cell. */
export function sumRuns({ runs }: CellReport): number {
  return runs.PASS + runs.FAIL + runs.ERROR + runs.MISS;
}

/** Whether a group is new since the campaign before; null when there is none to compare with. */
export function novelty(
  { difference }: CampaignReport,
  { title }: CrashGroupReport,
): 'new' | 'known' | null {
  if (difference === null) return null;
  return difference.appeared.includes(title) ? 'new' : 'known';
}

/** A probability as one reads it after `p`. */
export function probability(p: number): string {
  return p < 0.0001 ? '< 0.0001' : `= ${Number(p.toPrecision(2))}`;
}

/** A time for a reader: `2026-11-22 06:28`, UTC. */
export function moment(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

function percent(part: number): string {
  return `${Number((100 * part).toPrecision(2))}%`;
}

function significantDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

function seconds(ms: number): string {
  return `${Number((ms / 1_000).toPrecision(2))} s`;
}
