// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { emptyTally } from '../fault-tally.ts';
import type { Verdict } from '../verdict.ts';
import { concludeRun, type RunIdentity } from './conclude-run.ts';
import { EventLog } from './event-log.ts';
import type { SimWorld, World } from './world.ts';

/** Puts on the disk that a world could not be run, which is the lab's failure: a MISS. */
export async function concludeNoRun(
  world: World | SimWorld,
  problem: string,
  identity: RunIdentity,
): Promise<Verdict> {
  const events = new EventLog(join(identity.folder.path, 'events.ndjson'), {
    nowNs: () => undefined,
  });
  await using _events = events;
  return await concludeRun(
    {
      world,
      startedAt: new Date(),
      reports: [],
      deviceReports: [],
      evidence: {
        stage: 'launch',
        end: { kind: 'lab', problem },
        panicked: false,
        guestReset: false,
        qemuDied: null,
        driverInStack: false,
        guestAnswers: false,
        interruptLost: false,
        qmpAnswers: false,
      },
      exposure: { wallMs: 0, virtualMs: 0 },
      faults: emptyTally,
      lastFaults: [],
      phasesMs: {},
    },
    identity,
    events,
  );
}
