// SPDX-License-Identifier: Apache-2.0

export interface LogExplanation {
  readonly complaint: string;
  readonly remedy: string;
}

/** Troubles that builds meet on ordinary days, by what tools say of them. */
const known: readonly (readonly [said: RegExp, remedy: string])[] = [
  [
    /could not resolve|temporary failure (in name|resolving)|failed to fetch|connection (timed out|refused|failed)|unable to connect/i,
    'Check the network and, behind a proxy, its settings.',
  ],
  [/no space left on device/i, 'Free space, or set XDG_CACHE_HOME to a folder on a larger disk.'],
  [
    /checksum.* differs/i,
    'The archive offers another file than images/sources.lock.json names: correct the lock file, or set LAB_KERNEL_SRC or LAB_QEMU_SRC to a source that you trust.',
  ],
  [
    /bwrap: .*(permission|not permitted|namespace)/i,
    'Allow user namespaces, or run as root; `ferrolab doctor` says more.',
  ],
  [/'?(bwrap|mmdebstrap)'?: (no such file|command not found)/i, 'Run `make setup`.'],
];

/** Lines in which a tool says why it failed, best first. */
const complaints = [/^(fetch|build|unpack)\.sh: /, /^E: /, /\b(fatal )?error: /i, /: \*\*\* /];

/** make and ninja about failing, which say nothing about why. */
const chatter = /^make(\[\d+\])?:|^ninja: build stopped|^\$ /;

/** Finds in a build's log why it failed, and what helps. */
export function explainLog(log: string): LogExplanation {
  const lines = lastRun(log)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !chatter.test(line));
  for (const [said, remedy] of known) {
    const line = lines.find((text) => said.test(text));
    if (line !== undefined) return { complaint: line, remedy };
  }
  const line = complaints.flatMap((pattern) => lines.find((text) => pattern.test(text)) ?? [])[0];
  return {
    complaint: line ?? lines.at(-1) ?? 'it said nothing',
    remedy: 'Correct that and try again.',
  };
}

/** Logs are appended to; what counts is from the last command on. */
function lastRun(log: string): string {
  return log.slice(Math.max(0, log.lastIndexOf('\n$ ')));
}
