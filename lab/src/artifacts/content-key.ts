// SPDX-License-Identifier: Apache-2.0

import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** sha256 in hex over files and folders, absolute or below `root` (names, executable bits, contents), and parameters. */
export function contentKey(
  root: string,
  inputs: readonly string[],
  parameters: Readonly<Record<string, string>>,
): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))) {
    addField(hash, `${name}=${value}`);
  }
  for (const input of [...inputs].sort()) addPath(hash, root, input);
  return hash.digest('hex');
}

/** sha256 in hex of one file. */
export function fileSha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function addPath(hash: Hash, root: string, path: string): void {
  const full = resolve(root, path);
  const stat = statSync(full);
  if (stat.isDirectory()) {
    for (const entry of readdirSync(full).sort()) {
      // Prose beside a recipe does not change what it makes, nor does the history of somebody's sources.
      if (!entry.endsWith('.md') && entry !== '.git') addPath(hash, root, `${path}/${entry}`);
    }
    return;
  }
  addField(hash, `${path} ${stat.mode & 0o100 ? 'x' : '-'}`);
  addField(hash, readFileSync(full));
}

/** Fields carry their length, so that no two lists of fields read alike. */
function addField(hash: Hash, field: string | Buffer): void {
  const bytes = Buffer.from(field);
  hash.update(`${bytes.length}:`).update(bytes);
}
