// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countFault, emptyTally, type FaultTally } from '../../lab/src/fault-tally.ts';
import type { ReportSource } from '../../lab/src/report/build-report.ts';
import type { StoredCampaign, StoredRun } from '../../lab/src/store/result-store.ts';
import type { Cell, CrashRecord } from '../../lab/src/verdict.ts';

/** Titles as a guest would print them that wants to get out of a report. */
export const hostileTitles = {
  script: 'BUG: <script>alert("x")</script> & <img src=x onerror=alert(1)>',
  sections: "KASAN: ]]> --> {{ secrets }} | `tick` [a](javascript:x) 'in' \\ f",
  terminal: 'WARNING in \u001b[31m\u001b]0;title\u0007red\u009b2J\u202egnp.exe',
  foreign: 'UBSAN: überlauf in שלום_処理 \ud800 \uffff',
} as const;

export const rustCell: Cell = {
  target: 'ferronic',
  driver: 'ferronic',
  defect: null,
  kernel: 'debug',
  mode: 'live',
  accel: 'tcg',
  profile: 'usual',
  workload: 'traffic-churn',
};
export const cCell: Cell = { ...rustCell, driver: 'ferronic_c' };
export const rustSimCell: Cell = { ...rustCell, mode: 'sim' };
export const cSimCell: Cell = { ...cCell, mode: 'sim' };
const canaryCell: Cell = { ...cCell, defect: 'work-uaf' };

const arrived: FaultTally = countFault(
  countFault(emptyTally, 'irq-storm', { requested: 900, delivered: 610 }),
  'alloc-failure',
  { requested: 40, delivered: 38 },
);
const deadFlaps = countFault(arrived, 'link-flap', { requested: 5, delivered: 0 });

export const uaf: CrashRecord = {
  title: 'KASAN: slab-use-after-free Read in ferronic_service',
  altTitles: ['KASAN: use-after-free in corrupted', 'bad-access in ferronic_service'],
  type: 'KASAN-USE-AFTER-FREE-READ',
  frame: 'ferronic_service',
  corrupted: false,
  family: 'kasan',
};
/** The same bug, seen by another detector. */
export const pageFault: CrashRecord = {
  title: 'BUG: unable to handle kernel paging request in ferronic_service',
  altTitles: ['bad-access in ferronic_service', 'bad-access in corrupted'],
  type: 'BUG',
  frame: 'ferronic_service',
  corrupted: false,
};
/** Another bug whose report could be torn in the same way. */
export const otherUaf: CrashRecord = {
  title: 'KASAN: slab-use-after-free Write in ferronic_poll',
  altTitles: ['KASAN: use-after-free in corrupted', 'bad-access in ferronic_poll'],
  type: 'KASAN-USE-AFTER-FREE-WRITE',
  frame: 'ferronic_poll',
  corrupted: false,
};
export const followUp: CrashRecord = {
  title: 'WARNING in free_irq',
  type: 'WARNING',
  frame: 'free_irq',
  corrupted: false,
};

/** A crash with nothing but a title. */
export function titled(title: string): CrashRecord {
  return { title, type: 'BUG', frame: null, corrupted: false };
}

/** A run that ended well, minute `minute` of the night, with what is told otherwise. */
export function storedRun(minute: number, cell: Cell, told: Partial<StoredRun> = {}): StoredRun {
  const at = (seconds: number) =>
    new Date(Date.UTC(2026, 10, 21, 22, minute, seconds)).toISOString();
  const runId = `20261121T22-${String(minute).padStart(4, '0')}-${cell.driver}-${cell.mode}`;
  const crashed = (told.crashes ?? []).length > 0;
  return {
    runId,
    campaignId: 'night-2',
    cycle: minute,
    attempt: 0,
    canary: false,
    host: 'bench1',
    cell,
    seed: minute,
    outcome: crashed ? 'FAIL' : 'PASS',
    reason: told.crashes?.[0]?.title ?? 'workload finished',
    wallMs: 60_000,
    virtualMs: 30_000,
    faults: arrived,
    phasesMs: cell.mode === 'live' ? { launch: 0, boot: 40, load: 900, churn: 1_500 + minute } : {},
    startedAt: at(0),
    endedAt: at(58),
    folder: `/nowhere/runs/${runId}`,
    crashes: [],
    ...told,
  };
}

/** A campaign with a failing C twin, a Rust driver without failures, a canary, misses and hostile guests. */
export function reportSource(runsFolder = '/nowhere/runs'): ReportSource {
  const inFolder = (run: StoredRun): StoredRun => ({ ...run, folder: join(runsFolder, run.runId) });
  const failing = (minute: number, crash: CrashRecord, virtualMs = 12_000 + 400 * minute) =>
    storedRun(minute, cCell, { crashes: [crash, followUp], virtualMs });
  const runs = [
    ...range(0, 40).map((minute) => storedRun(minute, rustCell)),
    ...range(0, 30).map((minute) =>
      storedRun(minute, cCell, { faults: deadFlaps, virtualMs: 20_000 + 300 * minute }),
    ),
    ...[41, 44, 47, 52].map((minute) => failing(minute, uaf)),
    ...[42, 55].map((minute) => failing(minute, pageFault)),
    failing(49, otherUaf),
    ...Object.values(hostileTitles).map((title, at) => failing(60 + at, titled(title))),
    ...range(70, 75).map((minute) => storedRun(minute, rustSimCell)),
    ...range(70, 74).map((minute) => storedRun(minute, cSimCell)),
    storedRun(75, cSimCell, { crashes: [uaf], virtualMs: 9_000 }),
    storedRun(80, rustCell, {
      outcome: 'MISS',
      reason: 'QEMU did not start: out of memory',
      wallMs: 0,
      virtualMs: 0,
    }),
    { ...storedRun(80, rustCell, { attempt: 1 }), runId: 'second-try' },
    storedRun(81, cCell, {
      outcome: 'ERROR',
      reason: 'the guest has no \u001b[2Jping',
      wallMs: 5_000,
      virtualMs: 5_000,
    }),
    storedRun(90, canaryCell, { canary: true, crashes: [uaf] }),
  ];
  return {
    campaign: campaign('night-2', '2026-11-21T22:00:00.000Z'),
    runs: runs.map(inFolder),
    previous: {
      campaign: campaign('night-1', '2026-11-20T22:00:00.000Z'),
      runs: [
        storedRun(1, cCell, { crashes: [pageFault] }),
        storedRun(2, cCell, { crashes: [titled('kernel BUG in skb_put')] }),
      ],
    },
    lost: 2,
    goal: { mtbfHours: 2, insteadOfHours: 0.5, alpha: 0.05, beta: 0.05 },
    coverage: [
      {
        cell: cCell,
        coverage: {
          lines: { reached: 812, all: 1_000 },
          functions: { reached: 70, all: 80 },
          branches: { reached: 300, all: 420 },
          files: [{ file: 'ferronic_main.c', reached: 812, all: 1_000, missing: [4, 5] }],
          missingFunctions: [{ name: 'ferronic_resume', place: 'ferronic_pm.c:40' }],
          states: { reached: 11, all: 12, missing: ['removed'] },
        },
      },
    ],
  };
}

/** Run folders as the lab leaves them, for the crash that a simulated run brings back; removed when disposed. */
export async function runFolders(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'ferrolab-report-runs-'));
  const folder = join(path, storedRun(75, cSimCell).runId);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'world.json'), '{}\n');
  await writeFile(join(folder, 'report.txt'), reportText);
  await writeFile(join(folder, 'events.ndjson'), events.map((one) => `${one}\n`).join(''));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const reportText = `KASAN: slab-use-after-free Read in ferronic_service

[   36.055851][   T36] BUG: KASAN: slab-use-after-free in ferronic_service+0x2cb/0x720 [ferronic_c]
[   36.055975][   T36] Read of size 8 at addr ffff88801ed1dd18 by task \u001b[31mkworker</pre><script>alert(2)</script>
[   36.056474][   T36]  ferronic_account  ferronic_service.c:79 [inline]
[   36.056802][   T36]  ferronic_service+0x2cb/0x720 [ferronic_c]  ferronic_service.c:124

----

faults injected before it, by guest uptime in seconds

[1.631] irq-storm on nic1, vector 0: 36 messages at 2000 Hz
[5.728] alloc-failure during traffic: 49 delivered

----

followed by: WARNING in free_irq

[   36.1] WARNING: kernel/irq/manage.c:1 at free_irq+0x1/0x2
`;

const events = [
  '{"v":1,"virtualNs":null,"type":"step","step":"launch"}',
  '{"v":1,"virtualNs":1000000000,"type":"phase","round":0,"phase":"traffic"}',
  '{"v":1,"virtualNs":1631356800,"type":"irq-storm","nic":"nic1","vector":0,"rateHz":2000,"ns":18000000,"afterNs":0,"id":1}',
  '{"v":1,"virtualNs":1700000000,"type":"fault-delivered","device":"nic1","kind":"irq-storm","count":3}',
  '{"v":1,"virtualNs":1700000001,"type":"fault-delivered","device":"nic1","kind":"irq-storm","count":4}',
  '{"v":1,"virtualNs":1700000002,"type":"fault-delivered","device":"nic1","kind":"irq-storm","count":0}',
  'torn {"v":1,"virtualNs":17',
  '{"v":1,"virtualNs":2000000000,"type":"violation","device":"nic1","rule":10,"name":"RING_CHANGED","detail":"<b>register</b> written while the queue is active","underFault":false,"count":1}',
  '{"v":1,"virtualNs":2500000000,"type":"workload-end","kind":"alarm"}',
  '{"v":1,"virtualNs":2500000000,"type":"verdict","outcome":"FAIL","reason":"KASAN: slab-use-after-free Read in ferronic_service"}',
];

function campaign(id: string, startedAt: string): StoredCampaign {
  return {
    id,
    name: 'nightly',
    host: 'bench1',
    seed: 42,
    startedAt,
    endedAt: null,
    record: null,
    end: { kind: 'budget' },
  };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
