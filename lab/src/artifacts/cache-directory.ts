// SPDX-License-Identifier: Apache-2.0

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where artifacts are kept: `$XDG_CACHE_HOME/ferrolab`, or `~/.cache/ferrolab`. */
export function cacheDirectory(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  // The XDG specification: a relative path is invalid and ignored.
  const base = configured && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'ferrolab');
}
