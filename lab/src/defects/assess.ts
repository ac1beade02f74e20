// SPDX-License-Identifier: Apache-2.0
import type { BuildReport } from './build-report.ts';
import { detectorOf } from './detector.ts';
import type { HuntResult } from './hunt.ts';
import type { ExpectedCrash, Manifest, RejectedPlace, RustExpectation } from './manifest.ts';
import type { RustcError } from './rustc-diagnostics.ts';

/** What came of a mistake in C. */
export interface CAssessment {
  /** `null`: not known, as it was not run, or not to the end. */
  readonly caught: boolean | null;
  /** In which way that is not what the manifest says. */
  readonly complaint: string | null;
}

/** What came of a mistake in Rust. */
export interface RustAssessment {
  /** `unknown`: not tried, not run, or not to the end. */
  readonly outcome: RustExpectation['outcome'] | 'unknown';
  /** Error codes of the compiler. */
  readonly code: string | null;
  readonly why: string | null;
  readonly complaint: string | null;
}

/** Compares a crash with the one that was expected; the difference in words, or `null`. */
export function crashComplaint(result: HuntResult, expected: ExpectedCrash): string | null {
  const { crash } = result;
  if (crash === null) {
    return 'nothing was found';
  }
  if (!expected.title.test(crash.title)) {
    return `another crash than expected: ${crash.title}`;
  }
  const detector = detectorOf(crash);
  if (detector === null || !expected.detectors.includes(detector)) {
    return `named by ${detector ?? 'no known detector'}, and not by ${expected.detectors.join(' or ')}: ${crash.title}`;
  }
  return null;
}

/** Says what came of the C patch; `result` is `null` when it was not run. */
export function assessC(
  manifest: Manifest,
  build: BuildReport,
  result: HuntResult | null,
): CAssessment {
  if (!build.compiles) {
    return { caught: null, complaint: build.problem };
  }
  const unanswered = unansweredComplaint(result);
  if (result === null || unanswered !== null) {
    return { caught: null, complaint: unanswered };
  }
  const complaint = crashComplaint(result, manifest.crash);
  return { caught: complaint === null, complaint };
}

/** Says what came of the mistake in Rust; `build` is `null` without a patch, `result` when it was not run. */
export function assessRust(
  expected: RustExpectation | null,
  build: BuildReport | null,
  result: HuntResult | null,
): RustAssessment {
  if (expected === null) {
    return unknown(null, null);
  }
  const { why } = expected;
  if (build === null) {
    return expected.outcome === 'inexpressible'
      ? { outcome: 'inexpressible', code: null, why, complaint: null }
      : unknown(why, null);
  }
  if (build.rustcErrors.length > 0) {
    const complaint = rejectionComplaint(expected, build.rustcErrors);
    return { outcome: 'rejected', code: codesOf(build.rustcErrors).join(', '), why, complaint };
  }
  if (!build.compiles) {
    return unknown(why, build.problem);
  }
  const unanswered = unansweredComplaint(result);
  if (result === null || unanswered !== null) {
    const notRejected =
      expected.outcome === 'rejected' ? 'it compiles, and was to be rejected' : null;
    return unknown(why, notRejected ?? unanswered);
  }
  return {
    outcome: result.crash === null ? 'not-prevented' : 'caught',
    code: null,
    why,
    complaint: compiledComplaint(expected, result),
  };
}

function unknown(why: string | null, complaint: string | null): RustAssessment {
  return { outcome: 'unknown', code: null, why, complaint };
}

function unansweredComplaint(result: HuntResult | null): string | null {
  return result?.outcome === 'no-answer' || result?.outcome === 'interrupted'
    ? (result.note ?? 'it was not run to the end')
    : null;
}

/** How a mistake that compiles, and was run, differs from what was expected. */
function compiledComplaint(expected: RustExpectation, result: HuntResult): string | null {
  switch (expected.outcome) {
    case 'caught':
      return crashComplaint(result, expected.crash);
    case 'not-prevented':
      return result.crash === null
        ? null
        : `expected to go unnoticed, and crashed: ${result.crash.title}`;
    case 'rejected':
      return 'it compiles, and was to be rejected';
    case 'inexpressible':
      return 'it was expressed';
  }
}

function rejectionComplaint(
  expected: RustExpectation,
  errors: readonly RustcError[],
): string | null {
  const codes = codesOf(errors);
  if (expected.outcome !== 'rejected') {
    return `rejected by the compiler (${codes.join(', ')}), and was to be ${expected.outcome}`;
  }
  const missing = expected.codes.filter((code) => !codes.includes(code));
  const others = codes.filter((code) => !expected.codes.includes(code));
  if (missing.length > 0 || others.length > 0) {
    return `rejected with ${codes.join(', ')}, and not with ${expected.codes.join(', ')}`;
  }
  if (expected.at !== null && !errors.some((error) => isAt(error, expected.at))) {
    const places = errors.map(({ file, line, text }) => `${file}:${line}: ${text}`);
    return `rejected at ${places.join(' and ')}, and not at ${placeText(expected.at)}`;
  }
  return null;
}

function codesOf(errors: readonly RustcError[]): string[] {
  return [...new Set(errors.map(({ code }) => code))].sort();
}

function isAt(error: RustcError, place: RejectedPlace | null): boolean {
  return (
    place !== null &&
    error.file === place.file &&
    (place.line === null || error.line === place.line) &&
    (place.text === null || error.text === place.text.trim())
  );
}

function placeText({ file, line, text }: RejectedPlace): string {
  return `${file}${line === null ? '' : `:${line}`}${text === null ? '' : `: ${text}`}`;
}
