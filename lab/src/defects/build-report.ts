// SPDX-License-Identifier: Apache-2.0
import type { Trial } from '../artifacts/recipes/driver-trial.ts';
import { addedComplaints, type Complaint, complaintsIn } from './compiler-warnings.ts';
import { type RustcError, rustcErrors } from './rustc-diagnostics.ts';

/** Whether a tool says more about the defective driver than about the clean one. */
export type ToolAnswer =
  | { readonly warned: 'yes'; readonly complaints: readonly Complaint[] }
  | { readonly warned: 'no' }
  | { readonly warned: 'not run'; readonly why: string };

/** What the tools made of a driver with a mistake in it. */
export interface BuildReport {
  readonly compiles: boolean;
  /** Why it does not, in one line, when no error of rustc says it. */
  readonly problem: string | null;
  readonly rustcErrors: readonly RustcError[];
  /** `-Wall` and what `W=1` adds. */
  readonly compiler: ToolAnswer;
  readonly sparse: ToolAnswer;
  readonly smatch: ToolAnswer;
}

/** Reads the report of a trial; `clean` is the same driver without the mistake, built the same way. */
export function buildReport(trial: Trial, clean: Trial): BuildReport {
  const errors = trial.status === 'build-failed' ? rustcErrors(trial.buildLog) : [];
  return {
    compiles: trial.status === 'compiled',
    problem: errors.length > 0 ? null : problemOf(trial),
    rustcErrors: errors,
    compiler: compilerAnswer(trial, clean),
    sparse: sparseAnswer(trial, clean),
    smatch: { warned: 'not run', why: 'Debian has no package of it' },
  };
}

function problemOf({ status, buildLog }: Trial): string | null {
  const lines = buildLog.split('\n').map((line) => line.trim());
  switch (status) {
    case 'compiled':
      return null;
    case 'patch-failed':
      return `the patch does not apply: ${lines.find((line) => /FAILED|can't find|malformed|garbage|out of memory/.test(line)) ?? 'patch says nothing'}`;
    case 'build-failed':
      return `it does not build: ${lines.find((line) => /\berror: /.test(line)) ?? lines.findLast((line) => line !== '') ?? 'make says nothing'}`;
  }
}

function compilerAnswer(trial: Trial, clean: Trial): ToolAnswer {
  if (trial.status !== 'compiled') {
    return { warned: 'not run', why: 'it does not compile' };
  }
  return answer(complaintsIn(trial.buildLog), complaintsIn(clean.buildLog));
}

function sparseAnswer(trial: Trial, clean: Trial): ToolAnswer {
  if (trial.status !== 'compiled') {
    return { warned: 'not run', why: 'it does not compile' };
  }
  if (trial.sparse === 'absent' || clean.sparse === 'absent') {
    return { warned: 'not run', why: 'the toolchain tree has no sparse' };
  }
  // After an error it has no warnings for a file.
  if (clean.sparse === 'failed' || /: error: /.test(clean.sparseLog)) {
    return { warned: 'not run', why: 'sparse cannot cope with the clean driver' };
  }
  return answer(complaintsIn(trial.sparseLog), complaintsIn(clean.sparseLog));
}

function answer(defective: readonly Complaint[], clean: readonly Complaint[]): ToolAnswer {
  const complaints = addedComplaints(defective, clean);
  return complaints.length > 0 ? { warned: 'yes', complaints } : { warned: 'no' };
}
