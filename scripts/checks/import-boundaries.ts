// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Which rooms of lab/src each room may import from. `*`: any. Files outside rooms are open to all. */
const allowed: Readonly<Record<string, readonly string[] | '*'>> = {
  cli: '*',
  defects: [
    'soak',
    'run',
    'vm',
    'faults',
    'console',
    'artifacts',
    'store',
    'stats',
    'report',
    'config',
  ],
  soak: [
    'run',
    'vm',
    'faults',
    'console',
    'coverage',
    'artifacts',
    'store',
    'stats',
    'report',
    'config',
  ],
  minimize: ['run', 'faults'],
  coverage: ['run', 'console', 'artifacts'],
  replay: ['soak', 'run', 'vm', 'console', 'coverage', 'artifacts'],
  bench: ['run', 'vm', 'artifacts', 'config'],
  run: ['vm', 'faults', 'console', 'artifacts', 'config', 'trace'],
  report: ['store', 'run', 'stats', 'console', 'coverage', 'config'],
  stats: [],
  store: ['run', 'coverage', 'config'],
  doctor: ['vm', 'artifacts', 'config'],
  vm: ['artifacts', 'config'],
  faults: ['artifacts', 'config', 'vm'],
  console: ['artifacts', 'config'],
  config: [],
  artifacts: [],
  trace: [],
};

/** Every import in lab/src that goes against the one way rooms depend on each other. */
export function boundaryViolations(root: string): string[] {
  const source = join(root, 'lab', 'src');
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => violationsIn(source, file));
}

function violationsIn(source: string, file: string): string[] {
  const from = roomOf(file);
  if (from === undefined) return [];
  const text = readFileSync(join(source, file), 'utf8');
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
    ([, path]) => path ?? '',
  );
  return imports
    .map((path) => relative(source, resolve(source, dirname(file), path)))
    .filter((target) => {
      const to = roomOf(target);
      if (to === undefined || to === from) return false;
      const rooms = allowed[from];
      return rooms === undefined || (rooms !== '*' && !rooms.includes(to));
    })
    .map(
      (target) => `lab/src/${file} imports ${target}: ${from} must not depend on ${roomOf(target)}`,
    );
}

function roomOf(file: string): string | undefined {
  const [room, ...rest] = file.split('/');
  return rest.length > 0 ? room : undefined;
}
