// SPDX-License-Identifier: Apache-2.0
import { faultTypes } from '../config/fault-types.ts';
import { type Outcome, outcomes, type PooledCell } from '../verdict.ts';
import type { CampaignReport } from './campaign-report.ts';
import { wellFormed } from './well-formed.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A gauge of the campaign that is reported: the next campaign begins anew. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly unit?: 'seconds';
  readonly type?: 'gauge' | 'info';
  readonly samples: readonly Sample[];
}

/** Bugs with a series of their own; a time series database pays for each. */
const mostTitles = 100;
const hourSeconds = 3_600;

/** The figures as OpenMetrics text 1.0: of a campaign by its name, so that one night follows the other in a series. */
export function openMetrics(report: CampaignReport): string {
  const families = [
    ...campaignFamilies(report),
    ...cellFamilies(report),
    ...crashFamilies(report),
    ...healthFamilies(report),
  ];
  const lines = families.filter(({ samples }) => samples.length > 0).flatMap(familyLines);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

function campaignFamilies({ campaign }: CampaignReport): readonly Family[] {
  const { id, seed, startedAt, endedAt } = campaign;
  const labels = campaignLabels(campaign);
  const at = (iso: string | null): readonly Sample[] =>
    iso === null ? [] : [{ labels, value: Date.parse(iso) / 1_000 }];
  return [
    {
      name: 'ferrolab_campaign',
      type: 'info',
      help: 'The campaign that was reported last.',
      samples: [{ labels: { ...labels, id, seed: String(seed) }, value: 1 }],
    },
    {
      name: 'ferrolab_campaign_start_timestamp_seconds',
      unit: 'seconds',
      help: 'When it began.',
      samples: at(startedAt),
    },
    {
      name: 'ferrolab_campaign_end_timestamp_seconds',
      unit: 'seconds',
      help: 'When it ended, or its last run.',
      samples: at(endedAt),
    },
  ];
}

function cellFamilies(report: CampaignReport): readonly Family[] {
  const cells = report.cells.map((cell) => ({ ...cell, labels: cellLabels(report, cell.cell) }));
  const ofMtbf = (field: 'estimate' | 'lower' | 'upper'): readonly Sample[] =>
    cells.flatMap(({ labels, mtbf }) => {
      const hours = mtbf[field];
      return hours === null ? [] : [{ labels, value: hours * hourSeconds }];
    });
  const faults = (field: 'requested' | 'delivered'): readonly Sample[] =>
    cells.flatMap(({ labels, faults: tally }) =>
      faultTypes.map((type) => ({ labels: { ...labels, fault: type }, value: tally[type][field] })),
    );
  return [
    {
      name: 'ferrolab_runs',
      help: 'Runs by outcome.',
      samples: cells.flatMap(({ labels, runs }) =>
        outcomes.map((outcome: Outcome) => ({
          labels: { ...labels, outcome },
          value: runs[outcome],
        })),
      ),
    },
    {
      name: 'ferrolab_exposure_seconds',
      unit: 'seconds',
      help: 'Time under test, of PASS and FAIL.',
      samples: cells.flatMap(({ labels, exposureHours }) =>
        (['virtual', 'wall'] as const).map((clock) => ({
          labels: { ...labels, clock },
          value: exposureHours[clock] * hourSeconds,
        })),
      ),
    },
    {
      name: 'ferrolab_mtbf_seconds',
      unit: 'seconds',
      help: 'Virtual time between failures under injected faults; absent without a failure.',
      samples: ofMtbf('estimate'),
    },
    {
      name: 'ferrolab_mtbf_lower_seconds',
      unit: 'seconds',
      help: 'Lower end of its 95% interval; without a failure the 95% lower bound.',
      samples: ofMtbf('lower'),
    },
    {
      name: 'ferrolab_mtbf_upper_seconds',
      unit: 'seconds',
      help: 'Upper end of its 95% interval; absent without a failure.',
      samples: ofMtbf('upper'),
    },
    {
      name: 'ferrolab_faults_requested',
      help: 'Faults that were asked for.',
      samples: faults('requested'),
    },
    {
      name: 'ferrolab_faults_delivered',
      help: 'Faults that reached the driver or the device.',
      samples: faults('delivered'),
    },
  ];
}

function crashFamilies({ campaign, groups }: CampaignReport): readonly Family[] {
  const labels = campaignLabels(campaign);
  return [
    {
      name: 'ferrolab_bugs',
      help: 'Bugs that runs crashed of.',
      samples: [{ labels, value: groups.length }],
    },
    {
      name: 'ferrolab_crashes',
      help: `Runs that crashed of a bug, of the ${mostTitles} commonest ones.`,
      samples: groups
        .slice(0, mostTitles)
        .map(({ title, count }) => ({ labels: { ...labels, title }, value: count })),
    },
  ];
}

function healthFamilies({ campaign, health }: CampaignReport): readonly Family[] {
  const labels = campaignLabels(campaign);
  const { canary, deadFaults, lost, startMs } = health;
  const dead = deadFaults.reduce((sum, { types }) => sum + types.length, 0);
  return [
    {
      name: 'ferrolab_canary_caught',
      help: '1 when a known defect was caught.',
      samples: canary === null ? [] : [{ labels, value: canary.caught ? 1 : 0 }],
    },
    {
      name: 'ferrolab_dead_faults',
      help: 'Types of faults that never arrived, over all cells.',
      samples: [{ labels, value: dead }],
    },
    {
      name: 'ferrolab_lost_runs',
      help: 'Runs that were lost with their lab.',
      samples: [{ labels, value: lost }],
    },
    {
      name: 'ferrolab_start_seconds',
      unit: 'seconds',
      help: 'Start of a run to the loaded driver, by quantile of the runs.',
      samples:
        startMs === null
          ? []
          : [
              { labels: { ...labels, part: '0.5' }, value: startMs.median / 1_000 },
              { labels: { ...labels, part: '0.99' }, value: startMs.p99 / 1_000 },
            ],
    },
  ];
}

function campaignLabels({ name }: CampaignReport['campaign']): Labels {
  return { campaign: name ?? '' };
}

function cellLabels({ campaign }: CampaignReport, cell: PooledCell): Labels {
  const { target, driver, defect, kernel, mode, accel, profile } = cell;
  return {
    ...campaignLabels(campaign),
    target,
    driver,
    defect: defect ?? '',
    kernel,
    mode,
    accel,
    profile,
  };
}

function familyLines({ name, help, unit, type, samples }: Family): readonly string[] {
  return [
    `# TYPE ${name} ${type ?? 'gauge'}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
    ...samples.map(
      ({ labels, value }) =>
        `${name}${type === 'info' ? '_info' : ''}{${labelText(labels)}} ${value}`,
    ),
  ];
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

/** As OpenMetrics 1.0 wants it: backslash, quote and line feed escaped, no control characters. */
function escapeLabel(value: string): string {
  return wellFormed(value)
    .replace(/\p{Cc}/gu, (control) => (control === '\n' ? control : ''))
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n');
}
