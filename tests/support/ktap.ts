// SPDX-License-Identifier: Apache-2.0

/** One case, or one value of the parameter of one. */
export interface KtapResult {
  readonly name: string;
  readonly outcome: 'ok' | 'not ok' | 'skipped';
}

export interface KtapSuite {
  readonly name: string;
  /** How many results were announced. */
  readonly planned: number;
  readonly results: readonly KtapResult[];
}

/** Time, and the task or CPU that printed. */
const timestamp = /^(\[[^\]]*\])+ /;
const resultLine = /^ {4}(ok|not ok) \d+ (?:- )?(\S+)(?: # (SKIP).*)?/;

/** Suites that the kernel's log has results of; those it ended without announcing results included, with none planned. */
export function ktapSuites(log: string): readonly KtapSuite[] {
  const suites: { name: string; planned: number; results: KtapResult[] }[] = [];
  for (const raw of log.split('\n')) {
    const line = raw.replace(timestamp, '');
    const name = /^ {4}# Subtest: (\S+)$/.exec(line)?.[1];
    if (name !== undefined) suites.push({ name, planned: 0, results: [] });
    const suite = suites.at(-1);
    if (suite === undefined) continue;
    const plan = /^ {4}1\.\.(\d+)$/.exec(line)?.[1];
    if (plan !== undefined) suite.planned = Number(plan);
    const [, outcome, test, skip] = resultLine.exec(line) ?? [];
    if (test === undefined) continue;
    suite.results.push({
      name: test,
      outcome: skip === undefined ? (outcome as 'ok' | 'not ok') : 'skipped',
    });
  }
  return suites;
}
