// SPDX-License-Identifier: Apache-2.0
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where results are kept. */
export interface StateDirectory {
  readonly root: string;
  /** The database of one machine; not used when there is a `databaseUrl`. */
  readonly database: string;
  /** `$LAB_DATABASE_URL`: a PostgreSQL that many machines share. May hold a password. */
  readonly databaseUrl: string | null;
  readonly runs: string;
  readonly campaigns: string;
  /** Shared by all who have the results open, and taken alone to make the database anew. */
  readonly lock: string;
}

/** `$LAB_STATE_DIR`, or `ferrolab` in the XDG data folder (`~/.local/share`). */
export function stateDirectory(environment: NodeJS.ProcessEnv = process.env): StateDirectory {
  const url = environment['LAB_DATABASE_URL'];
  return {
    ...stateFolder(stateRoot(environment)),
    databaseUrl: url === undefined || url === '' ? null : url,
  };
}

/** The state folder at `root`, with a database of its own. */
export function stateFolder(root: string): StateDirectory {
  return {
    root,
    database: join(root, 'results.sqlite'),
    databaseUrl: null,
    runs: join(root, 'runs'),
    campaigns: join(root, 'campaigns'),
    lock: join(root, 'store.lock'),
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
