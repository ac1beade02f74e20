// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { tryLockFile } from '../artifacts/file-lock.ts';
import type { CampaignEnd, CampaignSubject } from '../campaign-record.ts';
import { UsageError } from '../errors.ts';
import type { CampaignReport } from '../report/campaign-report.ts';
import { chooseCampaign } from '../report/choose-campaign.ts';
import { readReport } from '../report/read-report.ts';
import { sumOutcome, sumRuns } from '../report/report-words.ts';
import { soakExitStatus } from '../report/soak-exit-status.ts';
import { terminalReport } from '../report/terminal-report.ts';
import { type RunnableKeep, type RunnableSubject, runnable } from '../soak/campaign-subject.ts';
import type { CampaignWorkItem } from '../soak/campaign-work.ts';
import { DiskGuard, type DiskLimits } from '../soak/disk-guard.ts';
import { FirstCrashes } from '../soak/first-crashes.ts';
import { type Notice, Notifier } from '../soak/notify.ts';
import { SoakProgress } from '../soak/progress.ts';
import { soakCampaign } from '../soak/soak-campaign.ts';
import { UsedTime } from '../soak/used-time.ts';
import { campaignFolder, writeCampaign, writeCampaignEnd } from '../store/campaign-folder.ts';
import { reconcile } from '../store/reconcile.ts';
import { ResultStore, type StoredRun } from '../store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../store/state-directory.ts';
import type { SoakOptions } from './soak.ts';
import type { BegunCampaign } from './soak-begin.ts';
import { templatesInCache } from './templates.ts';

const gib = 1024 ** 3;
const defaultDiskGib = 20;
const lockMs = 3_000;
const lockPollMs = 100;

/** Runs a campaign to its end, and reports; the exit status. */
export async function runSoak(
  begun: BegunCampaign,
  options: SoakOptions,
  signal: AbortSignal,
): Promise<number> {
  const { record } = begun;
  const state = stateDirectory();
  await using store = await ResultStore.open(state, { signal });
  const stock = await reconcile(state, store);
  await writeCampaignOnce(begun);
  await using _lock = await lockCampaign(record.id);
  await store.recordCampaign(record);
  const earlier = await store.campaignRuns(record.id);
  await using used = await UsedTime.resume(state, record.id);
  let progress: SoakProgress | undefined;
  await using notifier = new Notifier(begun.config?.notify, (problem) => progress?.line(problem));
  using disk = new DiskGuard(diskLimits(begun, state), (why) => {
    progress?.paused(why);
    notifier.send(pauseNotice(record.id, why));
  });
  for (const run of earlier) await disk.add(keptOf(run));
  using shown = new SoakProgress(process.stderr, {
    budgetMs: record.budgetMs,
    usedMs: used.before,
    earlier: earlier.map(asVerdict),
    disk: () => disk.use,
    name: nameOf,
  });
  progress = shown;
  for (const line of heading(begun, stock)) shown.line(line);
  const templates = templatesInCache((what) => shown.line(what));
  const keep = {
    state,
    templates,
    crashes: new FirstCrashes(earlier),
    cold: options.cold === true,
  };
  const ground = {
    ...{ state, store, disk, used, progress, notifier },
    processors: begun.processors,
    runnable: runnablesOf(begun, keep),
  };
  const end = await soakCampaign(record, earlier, ground, signal);
  await recordEnd(record.id, end, { state, store });
  shown[Symbol.dispose]();
  const campaign = chooseCampaign(await store.campaigns(), record.id);
  const report = await readReport(store, state, campaign);
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${terminalReport(report)}\n`,
  );
  notifier.send(endNotice(report, end));
  return soakExitStatus(report);
}

function diskLimits({ config }: BegunCampaign, { root }: StateDirectory): DiskLimits {
  const budget = (config?.diskGiB ?? defaultDiskGib) * gib;
  return { budget, folders: [root, cacheDirectory()] };
}

function runnablesOf(
  { subjects, record, accel }: BegunCampaign,
  keep: Omit<RunnableKeep, 'campaignId' | 'name'>,
): (subject: CampaignSubject) => RunnableSubject {
  const runnables = new Map(
    subjects.map(({ subject, choice, parts }, index) => {
      const name = index < record.subjects.length ? `cell-${index}` : null;
      const place = { ...keep, campaignId: record.id, name };
      return [keyOf(subject), runnable(subject, choice, parts, accel, place)];
    }),
  );
  return (subject) => {
    const found = runnables.get(keyOf(subject));
    if (found === undefined) throw new Error('a cell that was not built');
    return found;
  };
}

async function recordEnd(
  id: string,
  end: CampaignEnd,
  { state, store }: { readonly state: StateDirectory; readonly store: ResultStore },
): Promise<void> {
  const ended = { version: 1, end, endedAt: new Date().toISOString() } as const;
  await writeCampaignEnd(state, id, ended);
  await store.recordCampaignEnd(id, ended);
}

function pauseNotice(campaign: string, why: string | undefined): Notice {
  return why === undefined
    ? { event: 'resumed', campaign }
    : { event: 'paused', campaign, reason: why };
}

function endNotice(report: CampaignReport, end: CampaignEnd): Notice {
  return {
    event: 'end',
    campaign: report.campaign.id,
    end: end.kind,
    exitStatus: soakExitStatus(report),
    runs: report.cells.reduce((sum, cell) => sum + sumRuns(cell), 0),
    failures: sumOutcome(report, 'FAIL'),
  };
}

/** Before it is run for the first time. */
async function writeCampaignOnce({ record, resumed }: BegunCampaign): Promise<void> {
  if (!resumed) await writeCampaign(stateDirectory(), record);
}

async function lockCampaign(id: string): Promise<AsyncDisposable> {
  const path = join(campaignFolder(stateDirectory(), id), 'lock');
  // That of a lab that was killed is given back a moment after it.
  const deadline = performance.now() + lockMs;
  do {
    const lock = await tryLockFile(path);
    if (lock !== undefined) return lock;
    await delay(lockPollMs);
  } while (performance.now() < deadline);
  throw new UsageError('CAMPAIGN_RUNS', `campaign ${id} is being run by another lab`, {
    remedy: 'Wait for its end, or interrupt it with Ctrl-C where it runs.',
  });
}

/** The canary may be of the same cell as another subject. */
function keyOf(subject: CampaignSubject): string {
  return JSON.stringify(subject);
}

function nameOf(item: Partial<CampaignWorkItem>): string {
  const { subject, workload, canary } = item;
  if (subject === undefined) return '';
  const { driver, defect, kernel, mode } = subject.cell;
  const which = defect === null ? driver : `${driver} with ${defect}`;
  return `${canary === true ? 'canary ' : ''}${which} ${kernel} ${mode} ${workload}`;
}

function heading(
  { record, resumed, subjects }: BegunCampaign,
  { recovered, lost, unreadable }: Awaited<ReturnType<typeof reconcile>>,
): string[] {
  const cells = subjects.map(({ subject }) => nameOfCell(subject));
  const stock = `earlier runs: ${recovered.length} verdicts recovered, ${lost.length} lost with their harness, ${unreadable.length} unreadable`;
  return [
    `${resumed ? 'goes on with ' : ''}campaign ${record.id}, seed ${record.seed}: ${cells.join('; ')}`,
    ...(recovered.length + lost.length + unreadable.length > 0 ? [stock] : []),
  ];
}

function nameOfCell({ cell }: CampaignSubject): string {
  const { driver, defect, kernel, mode, accel } = cell;
  const which = defect === null ? driver : `${driver} with ${defect}`;
  return `${which}, ${kernel} kernel, ${mode === 'live' ? accel : mode}`;
}

function keptOf({ folder, cell, outcome, crashes: [first] }: StoredRun) {
  return { folder, cell, outcome, title: first?.title ?? null };
}

function asVerdict({ wallMs, virtualMs, ...run }: StoredRun) {
  return { ...run, exposure: { wallMs, virtualMs } };
}
