// SPDX-License-Identifier: Apache-2.0
import { plainText } from '../console/terminal-text.ts';
import { formatHours } from '../report/durations.ts';
import { textTable } from '../text-table.ts';
import type { ToolAnswer } from './build-report.ts';
import { detectorLabel, detectorOf } from './detector.ts';
import type { PatchFinding } from './patch-run.ts';
import { type CScore, complaintsOf, type RustScore, type Scoreboard } from './scoreboard.ts';
import type { StoredHunt } from './stored-hunt.ts';

/** The scoreboard for a terminal, lines without the last newline. */
export function scoreboardText(board: Scoreboard): string {
  const { rows, clean } = board;
  const c = rows.some((row) => row.c !== null) ? cHeading : [];
  const rust = rows.some((row) => row.rust !== null) ? ['in Rust'] : [];
  return [
    ...textTable(
      ['defect', ...c, ...rust],
      rows.map((row) => [
        row.manifest.name,
        ...cCells(row.c).slice(0, c.length),
        ...rust.map(() => rustCell(row.rust)),
      ]),
    ),
    ...rows.flatMap((row) => titleLine(row.manifest.name, row.c?.hunt ?? null)),
    ...(clean.length === 0 ? [] : ['', 'clean drivers']),
    ...textTable(
      ['driver', 'workload', 'blamed', 'guest time', 'wall time', 'seeds'],
      clean.map(({ driver, profile, hunt }) => [driver, profile, blamed(hunt), ...figures(hunt)]),
    ),
    ...complaintLines(board),
  ].join('\n');
}

const cHeading = [
  'compiles',
  'W=1',
  'sparse',
  'smatch',
  'caught by',
  'guest time',
  'wall time',
  'seeds',
];

/** What came of patches of which nothing was known. */
export function findingsText(findings: readonly PatchFinding[]): string {
  return textTable(
    ['patch', 'driver', 'compiles', 'crash', 'guest time', 'wall time', 'seeds'],
    findings.map(({ name, driver, build, hunt }) => [
      name,
      driver,
      build.compiles ? 'yes' : 'no',
      plainText(
        hunt?.result.crash?.title ??
          hunt?.result.note ??
          (hunt === null ? reasonOf(build) : 'none'),
      ),
      ...figures(hunt),
    ]),
  ).join('\n');
}

function reasonOf({ problem, rustcErrors }: PatchFinding['build']): string {
  const [error] = rustcErrors;
  return error === undefined ? (problem ?? 'not run') : `rejected: ${error.code} ${error.message}`;
}

/** Under `cHeading`. */
function cCells(c: CScore | null): string[] {
  if (c === null) {
    return cHeading.map(() => '');
  }
  const { build, hunt } = c;
  const tools = [build.compiler, build.sparse, build.smatch].map(toolCell);
  return [build.compiles ? 'yes' : 'no', ...tools, caughtCell(c), ...figures(hunt)];
}

export function toolCell({ warned }: ToolAnswer): string {
  return warned;
}

/** Who caught the mistake, or that nobody did. */
export function caughtCell({ caught, hunt }: CScore): string {
  const crash = hunt?.result.crash ?? null;
  if (caught === null) {
    return hunt === null ? 'not run' : 'not known';
  }
  if (caught && crash !== null) {
    return detectorLabel(detectorOf(crash));
  }
  return crash === null ? 'nobody' : 'another crash';
}

/** What became of the mistake in Rust. */
export function rustCell(rust: RustScore | null): string {
  if (rust === null) {
    return '';
  }
  switch (rust.outcome) {
    case 'rejected':
      return `rejected: ${rust.code}`;
    case 'caught': {
      const crash = rust.hunt?.result.crash ?? null;
      return `caught: ${crash === null ? '' : detectorLabel(detectorOf(crash))}`;
    }
    case 'unknown':
      return rust.build === null && rust.why === null ? 'not tried' : 'not known';
    default:
      return rust.outcome;
  }
}

function titleLine(name: string, hunt: StoredHunt | null): string[] {
  const crash = hunt?.result.crash ?? null;
  return crash === null ? [] : [`  ${name}: ${plainText(crash.title)}  (run ${crash.runId})`];
}

/** Whether a clean driver was blamed, and of what. */
export function blamed(hunt: StoredHunt | null): string {
  if (hunt === null) {
    return 'not run';
  }
  const { outcome, crash, note } = hunt.result;
  switch (outcome) {
    case 'crashed':
      return plainText(crash?.title ?? '');
    case 'nothing-found':
      return 'no';
    default:
      return `not known: ${plainText(note ?? 'interrupted')}`;
  }
}

/** Guest time under test, wall time with everything, and seeds. */
export function figures(hunt: StoredHunt | null): [string, string, string] {
  if (hunt === null) {
    return ['', '', ''];
  }
  const { virtualMs, wallMs, seeds } = hunt.result;
  return [formatHours(virtualMs / 3_600_000), formatHours(wallMs / 3_600_000), String(seeds)];
}

function complaintLines(board: Scoreboard): string[] {
  const complaints = complaintsOf(board).map((line) => `  ${plainText(line)}`);
  return complaints.length === 0 ? [] : ['', 'not as the manifests say', ...complaints];
}
