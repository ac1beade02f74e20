// SPDX-License-Identifier: Apache-2.0
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where results are kept. */
export interface StateDirectory {
  readonly root: string;
  readonly database: string;
  readonly runs: string;
  readonly campaigns: string;
}

/** `$LAB_STATE_DIR`, or `ferrolab` in the XDG data folder (`~/.local/share`). */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): StateDirectory {
  const root = stateRoot(environment);
  return {
    root,
    database: join(root, 'results.sqlite'),
    runs: join(root, 'runs'),
    campaigns: join(root, 'campaigns'),
  };
}

function stateRoot(environment: NodeJS.ProcessEnv): string {
  const chosen = environment['LAB_STATE_DIR'];
  if (chosen !== undefined && chosen !== '') {
    return resolve(chosen);
  }
  const data = environment['XDG_DATA_HOME'];
  // The XDG specification: a relative path is invalid and must be ignored.
  const base = data !== undefined && isAbsolute(data) ? data : join(homedir(), '.local', 'share');
  return join(base, 'ferrolab');
}
