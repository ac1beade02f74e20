// SPDX-License-Identifier: Apache-2.0
import type { WorldCoverage } from '../coverage/world-coverage.ts';
import { formatClock } from '../report/durations.ts';
import { plural } from '../report/plural.ts';
import type { FoundCrash, HuntState } from '../soak/hunt-tally.ts';
import { textTable } from '../text-table.ts';
import { coverageText } from './coverage-text.ts';
import type { Hunted, HuntSettings, Scenario } from './hunt-scenario.ts';

/** What `--json` prints of a hunt. */
export function huntDocument({ state, coverage }: Hunted) {
  const { fruitless, ...rest } = state;
  const reached = coverage === undefined ? {} : { coverage };
  return { ...rest, fruitless: Object.fromEntries(fruitless), ...reached };
}

/** What is hunted in. */
export function huntHeading(scenario: Scenario, { seed, workers }: HuntSettings): string {
  const { draft } = scenario;
  const { driver, workload } = draft;
  const defect = driver.defect === null ? '' : ` with ${driver.defect}`;
  return `hunt in ${driver.name}${defect}, workload ${workload.name}, ${turnsOf(scenario)} turns, seed ${seed}, ${workers} at a time`;
}

function turnsOf({ draft, live }: Scenario): string {
  return live ? 'live' : draft.schedule.policy;
}

/** How far it is, in a line. */
export function huntProgress(
  { runs, wallMs, virtualNs, crashes, kept }: HuntState,
  coverage: Pick<WorldCoverage, 'branches'> | undefined,
): string {
  const perMinute = (runs / (wallMs / 60_000)).toFixed(1);
  const hours = (virtualNs / 3.6e12).toFixed(2);
  const reached =
    coverage === undefined
      ? ''
      : `, ${coverage.branches.reached} of ${coverage.branches.all} branches, ${kept} worlds kept`;
  const titles = crashes.map(({ title, runs: times }) => `${times} × ${title}`).join('; ');
  return `  ${formatClock(wallMs)}  ${plural(runs, 'run')}, ${perMinute} a minute, ${hours} virtual hours${reached}${titles === '' ? '' : ` | ${titles}`}`;
}

/** What one hunt has found. */
export function huntSummary({ state, coverage }: Hunted, live = false): string {
  const { crashes } = state;
  const lines = coverage === undefined ? [] : [coverageText(coverage)];
  lines.push(huntProgress(state, coverage).trim());
  for (const [reason, times] of state.fruitless) {
    lines.push(`${times} tested nothing: ${reason}`);
  }
  if (crashes.length === 0) return [...lines, state.runs === 0 ? noRun : 'no crash'].join('\n');
  const rows = crashes.map((crash) => [crash.title, String(crash.runs), ...found(crash, live)]);
  const heading = ['crash', 'runs', 'first after', 'identical', 'comes back with'];
  return [...lines, ...textTable(heading, rows)].join('\n');
}

const noRun = 'no run ended in that time: give it more --minutes';

function nothingFound({ runs, fruitless }: HuntState): string {
  if (runs === 0) return noRun;
  const [reason] = fruitless.keys();
  return reason === undefined ? 'no crash' : `no crash; tested nothing: ${reason}`;
}

/** What several hunts have found, a line for each crash. */
export function huntsTable(
  hunts: readonly { readonly scenario: Scenario; readonly hunted: Hunted }[],
): string {
  const rows = hunts.flatMap(({ scenario, hunted }) => {
    const { driver } = scenario.draft;
    const head = [driver.defect ?? 'clean', turnsOf(scenario)];
    const { crashes, runs, wallMs } = hunted.state;
    if (crashes.length > 0) {
      return crashes.map((crash) => [...head, crash.title, ...found(crash, scenario.live)]);
    }
    return [
      [...head, nothingFound(hunted.state), `${plural(runs, 'run')}, ${formatClock(wallMs)}`],
    ];
  });
  const heading = ['defect', 'turns', 'crash', 'after', 'identical', 'comes back with'];
  return textTable(heading, rows).join('\n');
}

function found(
  { afterRuns, afterMs, comesBack, runId }: FoundCrash,
  live = false,
): readonly string[] {
  const after = `${plural(afterRuns, 'run')}, ${formatClock(afterMs)}`;
  // What came of a schedule that nobody has written down is looked for.
  if (live) return [after, '-', `npm run lab:hunt -- --from ${runId}`];
  const again = { true: 'yes', false: 'NO', null: 'not tried' } as const;
  return [after, again[`${comesBack}`], `npm run lab:repro -- ${runId}`];
}
