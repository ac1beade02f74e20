// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { execa } from 'execa';

const program = join(import.meta.dirname, '../../lab/bin/ferrolab.js');

export interface FerrolabOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Starts the command line as a user would; the subprocess is killed after `timeoutMs`. */
export function startFerrolab(args: readonly string[], options: FerrolabOptions = {}) {
  return execa(process.execPath, [program, ...args], {
    reject: false,
    stdin: 'ignore',
    timeout: options.timeoutMs ?? 60_000,
    forceKillAfterDelay: 20_000,
    ...(options.env ? { env: options.env } : {}),
  });
}

/** Runs a verb with --json; returns its exit status, document and what it said on stderr. */
export async function ferrolabJson<T>(
  args: readonly string[],
  options: FerrolabOptions = {},
): Promise<{ readonly exitCode: number | undefined; readonly document: T; readonly said: string }> {
  const { exitCode, stdout, stderr } = await startFerrolab([...args, '--json'], options);
  let document: unknown;
  try {
    document = JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`no JSON document on stdout; exit status ${exitCode}, said:\n${stderr}`, {
      cause,
    });
  }
  return { exitCode, document: document as T, said: stderr };
}
