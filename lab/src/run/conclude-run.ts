// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { CrashReport } from '../console/crash-report.ts';
import type { FaultTally } from '../fault-tally.ts';
import type { Cell, CrashRecord, Exposure, Verdict } from '../verdict.ts';
import { crashText, type Symbolize } from './crash-text.ts';
import { writeDurably } from './durable-file.ts';
import type { EventLog } from './event-log.ts';
import { type Evidence, judge } from './judge.ts';
import { type RunFolder, writeVerdict } from './run-folder.ts';
import { type SimWorld, type World, worldId } from './world.ts';

/** What a verdict says of a run besides how it went. */
export interface RunIdentity {
  readonly folder: RunFolder;
  readonly campaignId: string;
  readonly cycle: number;
  /** 0 unless told. */
  readonly attempt?: number;
  /** Not unless told. */
  readonly canary?: boolean;
  readonly cell: Cell;
  /** Turns reports into text with source lines; the plain report is kept when it fails. */
  readonly symbolize: Symbolize;
}

/** A run that is over. */
export interface EndedRun {
  readonly world: World | SimWorld;
  readonly startedAt: Date;
  /** On the console, the first one first. */
  readonly reports: readonly CrashReport[];
  /** What devices told of the driver. */
  readonly deviceReports: readonly CrashRecord[];
  readonly evidence: Omit<Evidence, 'reports'>;
  /** How long the driver was tested; a run that proves nothing has none. */
  readonly exposure: Exposure;
  readonly faults: FaultTally;
  /** The last faults before the end, in words. */
  readonly lastFaults: readonly string[];
  readonly phasesMs: Readonly<Record<string, number>>;
}

const noExposure: Exposure = { wallMs: 0, virtualMs: 0 };
const symbolizeMs = 60_000;

/**
 * Judges a run and puts what came of it on the disk. The verdict is written last: a run that has
 * one is complete. Closes `events`.
 */
export async function concludeRun(
  run: EndedRun,
  { folder, campaignId, cycle, attempt = 0, canary = false, cell, symbolize }: RunIdentity,
  events: EventLog,
): Promise<Verdict> {
  const reports = [...run.reports.map(recordOf), ...run.deviceReports];
  const judgement = judge({ ...run.evidence, reports });
  const { outcome, reason } = judgement;
  const verdict: Verdict = {
    version: 1,
    runId: folder.runId,
    campaignId,
    cycle,
    attempt,
    canary,
    host: hostname(),
    worldId: worldId(run.world),
    cell,
    seed: run.world.seed,
    ...judgement,
    exposure: outcome === 'PASS' || outcome === 'FAIL' ? run.exposure : noExposure,
    faults: run.faults,
    phasesMs: run.phasesMs,
    startedAt: run.startedAt.toISOString(),
    endedAt: new Date().toISOString(),
  };
  if (outcome === 'FAIL') {
    const wait: Wait = {
      signal: new AbortController().signal,
      deadline: Deadline.after(symbolizeMs),
    };
    const crash = { reason, reports: run.reports, faults: run.lastFaults };
    await writeDurably(join(folder.path, 'report.txt'), await crashText(crash, symbolize, wait));
  }
  events.write('verdict', { outcome, reason });
  await events.close();
  await writeVerdict(folder, verdict);
  return verdict;
}

function recordOf({ title, altTitles, type, frame, corrupted, family }: CrashReport): CrashRecord {
  return { title, altTitles, type, frame, corrupted, family };
}
