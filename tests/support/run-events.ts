// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What happened in all runs of a state folder, run after run: the lines of their `events.ndjson`. */
export function runEvents<Event>(state: string): readonly Event[] {
  const runs = join(state, 'runs');
  return readdirSync(runs)
    .flatMap((run) =>
      readFileSync(join(runs, run, 'events.ndjson'), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as Event);
}
