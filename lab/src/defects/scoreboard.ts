// SPDX-License-Identifier: Apache-2.0
import { type ExitStatus, exitStatus } from '../errors.ts';
import type { CAssessment, RustAssessment } from './assess.ts';
import type { BuildReport, ToolAnswer } from './build-report.ts';
import { detectorLabel, detectorOf } from './detector.ts';
import type { Manifest } from './manifest.ts';
import type { StoredHunt } from './stored-hunt.ts';

/** One defect of the catalogue, with what came of it. `null`: that driver was left out. */
export interface ScoreRow {
  readonly manifest: Manifest;
  readonly profile: string;
  readonly c: CScore | null;
  readonly rust: RustScore | null;
}

export interface CScore extends CAssessment {
  readonly build: BuildReport;
  /** `null`: it does not compile, or has not been run. */
  readonly hunt: StoredHunt | null;
}

export interface RustScore extends RustAssessment {
  readonly build: BuildReport | null;
  readonly hunt: StoredHunt | null;
}

/** A clean driver under a workload that was used against the defects. */
export interface CleanScore {
  readonly driver: string;
  readonly profile: string;
  readonly hunt: StoredHunt | null;
}

/** Everything that is known of the catalogue. */
export interface Scoreboard {
  readonly rows: readonly ScoreRow[];
  readonly clean: readonly CleanScore[];
  readonly seed: number;
  readonly budgetMs: number;
  readonly interrupted: boolean;
}

/** The document of `--json`. */
export function scoreboardDocument(board: Scoreboard) {
  return {
    defects: board.rows.map((row) => ({
      name: row.manifest.name,
      class: row.manifest.class,
      profile: row.profile,
      c: row.c === null ? null : cDocument(row.c),
      rust: row.rust === null ? null : rustDocument(row.rust),
    })),
    clean: board.clean.map(({ driver, profile, hunt }) => ({
      driver,
      profile,
      outcome: hunt?.result.outcome ?? 'not-run',
      blamed: hunt?.result.crash?.title ?? null,
      ...figures(hunt),
    })),
    complaints: complaintsOf(board),
    seed: board.seed,
    minutes: board.budgetMs / 60_000,
    interrupted: board.interrupted,
  };
}

function cDocument({ build, caught, complaint, hunt }: CScore) {
  const tools = [build.compiler, build.sparse, build.smatch];
  return {
    compiles: build.compiles,
    warned: tools.some(({ warned }) => warned === 'yes'),
    warnings: {
      compiler: toolDocument(build.compiler),
      sparse: toolDocument(build.sparse),
      smatch: toolDocument(build.smatch),
    },
    caught,
    ...crashDocument(hunt),
    ...figures(hunt),
    complaint,
  };
}

function rustDocument({ outcome, code, why, complaint, build, hunt }: RustScore) {
  const [error] = build?.rustcErrors ?? [];
  return {
    outcome,
    code,
    why,
    at: error?.file == null ? null : { file: error.file, line: error.line, text: error.text },
    ...crashDocument(hunt),
    ...figures(hunt),
    complaint,
  };
}

function toolDocument(answer: ToolAnswer) {
  switch (answer.warned) {
    case 'yes':
      return {
        answer: 'yes',
        messages: answer.complaints.map(({ file, message }) => `${file}: ${message}`),
      };
    case 'no':
      return { answer: 'no' };
    case 'not run':
      return { answer: 'not run', why: answer.why };
  }
}

function crashDocument(hunt: StoredHunt | null) {
  const crash = hunt?.result.crash ?? null;
  return {
    title: crash?.title ?? null,
    detector: crash === null ? null : detectorLabel(detectorOf(crash)),
    run: crash?.runId ?? null,
  };
}

function figures(hunt: StoredHunt | null) {
  const result = hunt?.result;
  return {
    seeds: result?.seeds ?? null,
    virtualSeconds: result === undefined ? null : result.virtualMs / 1_000,
    wallSeconds: result === undefined ? null : result.wallMs / 1_000,
  };
}

/** Everything that is not as the manifests say, or that speaks against a clean driver; one a line. */
export function complaintsOf({ rows, clean }: Scoreboard): string[] {
  return [
    ...rows.flatMap(({ manifest: { name }, c, rust }) => [
      ...(c?.complaint == null ? [] : [`${name} (C): ${c.complaint}`]),
      ...(rust?.complaint == null ? [] : [`${name} (Rust): ${rust.complaint}`]),
    ]),
    ...clean.flatMap(({ driver, profile, hunt }) => cleanComplaint(driver, profile, hunt)),
  ];
}

function cleanComplaint(driver: string, profile: string, hunt: StoredHunt | null): string[] {
  switch (hunt?.result.outcome) {
    case 'crashed':
      return [`clean ${driver} under ${profile}: ${hunt.result.crash?.title}`];
    case 'no-answer':
      return [`clean ${driver} under ${profile} could not be tested: ${hunt.result.note}`];
    default:
      return [];
  }
}

/**
 * 1 when a mistake did not lead to what its manifest says, or a clean driver was blamed; 3 when the
 * lab could not find out.
 */
export function scoreboardExitStatus(board: Scoreboard): ExitStatus {
  if (board.interrupted) {
    return exitStatus.interrupted;
  }
  if (failsExpectations(board)) {
    return exitStatus.driverFailed;
  }
  return huntsOf(board).some(hasNoAnswer) ? exitStatus.labFailed : exitStatus.ok;
}

/** Whether something is not as the manifests say, other than that the lab could not find out. */
function failsExpectations({ rows, clean }: Scoreboard): boolean {
  const failed = rows.some(({ manifest, c, rust }) => {
    const inC = c?.complaint != null && !hasNoAnswer(c.hunt);
    // What was to be rejected, and compiles, has failed before it is run.
    const compiles = manifest.rust?.outcome === 'rejected' && rust?.outcome !== 'rejected';
    return inC || (rust?.complaint != null && (compiles || !hasNoAnswer(rust.hunt)));
  });
  return failed || clean.some(({ hunt }) => hunt?.result.outcome === 'crashed');
}

function hasNoAnswer(hunt: StoredHunt | null | undefined): boolean {
  return hunt?.result.outcome === 'no-answer';
}

function huntsOf({ rows, clean }: Scoreboard): (StoredHunt | null | undefined)[] {
  return [
    ...rows.flatMap(({ c, rust }) => [c?.hunt, rust?.hunt]),
    ...clean.map(({ hunt }) => hunt),
  ];
}
