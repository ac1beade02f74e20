// SPDX-License-Identifier: Apache-2.0
import type { Reached } from '../coverage/driver-coverage.ts';
import type { WorldCoverageReport } from '../coverage/world-coverage.ts';
import { textTable } from '../text-table.ts';

const shownFunctions = 20;

/** The totals, for `--json`. */
export function counts({ lines, functions, branches, states }: WorldCoverageReport) {
  return { lines, functions, branches, states };
}

/** What was reached, file by file, and what never was. */
export function coverageText({
  files,
  lines,
  functions,
  branches,
  missingFunctions,
  states,
}: WorldCoverageReport): string {
  const rows = files.map(({ file, ...reached }) => [file, share(reached), percent(reached)]);
  const table = textTable(
    ['file', 'lines', ''],
    [...rows, ['all', share(lines), percent(lines)]],
    'right',
  );
  const shown = missingFunctions
    .slice(0, shownFunctions)
    .map(({ name, place }) => `  ${name}${place === null ? '' : `  ${place}`}`);
  const more = missingFunctions.length - shown.length;
  return [
    ...(lines.all === 0 ? ['no lines: this driver has no debugging information'] : table),
    `functions ${share(functions)}, branches ${share(branches)}, states of the device ${share(states)}`,
    ...(states.missing.length === 0 ? [] : [`the device never: ${states.missing.join(', ')}`]),
    ...(shown.length === 0 ? [] : ['never entered:', ...shown]),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function share({ reached, all }: Reached): string {
  return `${reached} of ${all}`;
}

function percent({ reached, all }: Reached): string {
  return all === 0 ? '' : `${Math.round((100 * reached) / all)}%`;
}
