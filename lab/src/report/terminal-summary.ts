// SPDX-License-Identifier: Apache-2.0

import { faultTypes } from '../config/fault-types.ts';
import { plainText } from '../console/terminal-text.ts';
import type { CampaignSummary } from './campaign-summary.ts';
import { formatHours } from './durations.ts';
import { plural } from './plural.ts';

/** The end of a soak for the terminal, lines without the last newline. */
export function terminalSummary(summary: CampaignSummary): string {
  return [
    ...heading(summary),
    ...crashLines(summary),
    '',
    `exposure  ${formatHours(summary.exposureHours.virtual)} of guest time (${formatHours(summary.exposureHours.wall)} of wall time) under these faults`,
    `MTBF      ${mtbfSentence(summary)}`,
    ...faultLines(summary),
    ...troubleLines(summary),
  ].join('\n');
}

/** What the MTBF's figures say, in words that hold. */
export function mtbfSentence({ mtbf }: CampaignSummary): string {
  const { failures, estimate, lower, upper } = mtbf;
  if (estimate !== null && lower !== null && upper !== null) {
    return `${formatHours(estimate)} between failures under stress, 95% interval ${formatHours(lower)} to ${formatHours(upper)} (${plural(failures, 'failure')})`;
  }
  if (lower !== null) {
    return `no failure: at least ${formatHours(lower)} under stress with 95% confidence; there is no estimate and no upper bound`;
  }
  return failures === 0
    ? 'nothing was tested, nothing is known'
    : 'failed before any time under test';
}

function heading({ cell, seed, cycles, verdicts, end }: CampaignSummary): string[] {
  const defect = cell.defect === null ? '' : ` with defect ${cell.defect}`;
  const counts = Object.entries(verdicts).filter(
    ([word, count]) => count > 0 || word === 'PASS' || word === 'FAIL',
  );
  return [
    `${end.kind === 'interrupted' ? 'interrupted: ' : ''}${cell.target}, driver ${cell.driver}${defect}, ${cell.kernel} kernel, ${cell.accel}, seed ${seed}`,
    `${plural(cycles, 'cycle')}: ${counts.map(([word, count]) => `${count} ${word}`).join(', ')}`,
  ];
}

function crashLines({ crashes }: CampaignSummary): string[] {
  if (crashes.length === 0) {
    return ['', 'no crashes'];
  }
  return [
    '',
    'crashes',
    ...crashes.flatMap(({ title, type, count, runs }) => [
      `${String(count).padStart(4)}  ${plainText(title)}${type === '' ? '' : `  [${type}]`}`,
      `      ${runs[0]}`,
    ]),
  ];
}

function faultLines({ faults, deadFaults }: CampaignSummary): string[] {
  const counted = faultTypes
    .filter((type) => faults[type].requested > 0)
    .map((type) => `${type} ${faults[type].delivered} of ${faults[type].requested}`);
  const lines = [
    `faults    ${counted.length === 0 ? 'none asked for' : `delivered: ${counted.join(', ')}`}`,
  ];
  if (deadFaults.length > 0) {
    lines.push(
      '',
      `WARNING: NOT ONE ${deadFaults.join(' AND ').toUpperCase()} REACHED THE DRIVER: the injection is dead, this soak proves nothing.`,
    );
  }
  return lines;
}

function troubleLines({ troubles, end }: CampaignSummary): string[] {
  const reasons = new Map<string, { count: number; folder: string }>();
  for (const { outcome, reason, folder } of troubles) {
    const key = `${outcome}  ${plainText(reason)}`;
    reasons.set(key, { count: (reasons.get(key)?.count ?? 0) + 1, folder });
  }
  if (end.kind === 'gave-up') {
    reasons.set(`gave up: ${plainText(end.reason)}`, {
      count: 1,
      folder: 'run `npm run lab:doctor`',
    });
  }
  if (reasons.size === 0) {
    return [];
  }
  return [
    '',
    'not the driver',
    ...[...reasons].flatMap(([reason, { count, folder }]) => [
      `${String(count).padStart(4)}  ${reason}`,
      `      ${folder}`,
    ]),
  ];
}
