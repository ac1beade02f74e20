// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildReport, type ReportSource } from '../../lab/src/report/build-report.ts';
import type { CampaignReport } from '../../lab/src/report/campaign-report.ts';
import { groupCrashes } from '../../lab/src/report/crash-groups.ts';
import { healthFindings } from '../../lab/src/report/report-words.ts';
import { timelineOf } from '../../lab/src/report/run-timeline.ts';
import { writeRepetition } from '../../lab/src/run/repetition.ts';
import type { StoredRun } from '../../lab/src/store/result-store.ts';
import type { CrashRecord } from '../../lab/src/verdict.ts';
import {
  cCell,
  cSimCell,
  hostileTitles,
  otherUaf,
  pageFault,
  reportSource,
  runFolders,
  rustCell,
  storedRun,
  titled,
  uaf,
} from '../support/report-campaign.ts';
import { campaign as askedFor } from '../support/results.ts';

function crashed(minute: number, crash: CrashRecord, told: Partial<StoredRun> = {}): StoredRun {
  return storedRun(minute, cCell, { crashes: [crash], ...told });
}

async function reportOf(
  runs: readonly StoredRun[],
  change: Partial<ReportSource> = {},
): Promise<CampaignReport> {
  return await buildReport({ ...reportSource(), runs, previous: null, goal: null, ...change });
}

describe('the grouping of crashes', () => {
  const titlesOf = (runs: readonly StoredRun[]) =>
    groupCrashes(runs).map(({ crashes }) => crashes.map(({ crash }) => crash.title));

  it('takes for one bug what shares a title or an alternative, also by way of a third', () => {
    const third: CrashRecord = {
      ...titled('WARNING in ferronic_service'),
      altTitles: [pageFault.title],
    };
    const groups = titlesOf([crashed(1, uaf), crashed(2, third), crashed(3, pageFault)]);
    expect(groups).to.deep.equal([[uaf.title, third.title, pageFault.title]]);
  });

  it('keeps bugs apart that only a torn report would call alike', () => {
    expect(titlesOf([crashed(1, uaf), crashed(2, otherUaf)])).to.have.length(2);
  });

  it('puts torn reports with the same title together, and with nothing else', () => {
    const torn = titled('KASAN: use-after-free in corrupted');
    const groups = titlesOf([crashed(1, torn), crashed(2, uaf), crashed(3, torn)]);
    expect(groups).to.deep.equal([[torn.title, torn.title], [uaf.title]]);
  });

  it('counts the first crash of a run only, and a failure without one by its reason', () => {
    const groups = titlesOf([
      storedRun(1, cCell, { crashes: [uaf, otherUaf] }),
      storedRun(2, cCell, { outcome: 'FAIL', reason: 'no ping' }),
    ]);
    expect(groups).to.deep.equal([[uaf.title], ['no ping']]);
  });
});

describe('the report of a campaign', () => {
  it('pools runs by cell, whatever their workload, and no further', async () => {
    const { cells } = await reportOf([
      storedRun(1, rustCell),
      storedRun(2, { ...rustCell, workload: 'rebind' }),
      storedRun(3, { ...rustCell, kernel: 'fast' }),
      storedRun(4, { ...rustCell, profile: 'broken' }),
    ]);
    expect(cells.map(({ runs, workloads }) => [runs.PASS, workloads])).to.have.deep.members([
      [2, ['rebind', 'traffic-churn']],
      [1, ['traffic-churn']],
      [1, ['traffic-churn']],
    ]);
  });

  it('counts neither ERROR nor MISS as exposure or failure', async () => {
    const lost = { wallMs: 3_600_000, virtualMs: 3_600_000, reason: 'no QEMU' };
    const { cells, health } = await reportOf([
      storedRun(1, cCell, { wallMs: 7_200_000, virtualMs: 3_600_000 }),
      crashed(2, uaf, { wallMs: 7_200_000, virtualMs: 3_600_000 }),
      storedRun(3, cCell, { ...lost, outcome: 'MISS' }),
      storedRun(4, cCell, { ...lost, outcome: 'ERROR' }),
      storedRun(5, cCell, { ...lost, outcome: 'MISS' }),
    ]);
    const [cell] = cells;
    expect(cell?.exposureHours).to.deep.equal({ wall: 4, virtual: 2 });
    expect(cell?.mtbf).to.include({ failures: 1, exposure: 2, estimate: 2 });
    expect(cell?.failureProbability?.estimate).to.equal(0.5);
    expect(cell?.survival.subjects).to.equal(2);
    expect(health.troubles.map(({ outcome, count }) => [outcome, count])).to.deep.equal([
      ['MISS', 2],
      ['ERROR', 1],
    ]);
  });

  it('counts a canary for nothing but the health of the lab', async () => {
    const canary = { canary: true };
    const flown = await reportOf([
      storedRun(1, rustCell),
      storedRun(2, { ...cCell, defect: 'work-uaf' }, { ...canary, crashes: [uaf] }),
      storedRun(3, { ...cCell, defect: 'work-uaf' }, { ...canary, outcome: 'MISS' }),
    ]);
    expect(flown.cells).to.have.length(1);
    expect(flown.groups).to.deep.equal([]);
    expect(flown.health.troubles).to.deep.equal([]);
    expect(flown.health.canary).to.include({ caught: true, title: uaf.title, runs: 2 });
    const dead = await reportOf([storedRun(1, { ...cCell, defect: 'work-uaf' }, canary)]);
    expect(dead.health.canary).to.include({ caught: false, title: null });
  });

  it('says that a canary which never ran was not caught', async () => {
    const record = askedFor('night-2');
    const { health } = await reportOf([storedRun(1, rustCell)], {
      campaign: { ...reportSource().campaign, record },
    });
    const cell = record.canary?.cell;
    expect(health.canary).to.deep.equal({ cell, caught: false, title: null, runs: 0 });
  });

  it('says how many misses came out well at the second try', async () => {
    const { health } = await reportOf([
      storedRun(1, rustCell, { outcome: 'MISS' }),
      storedRun(1, rustCell, { attempt: 1, runId: 'again' }),
      storedRun(2, rustCell, { outcome: 'MISS' }),
      storedRun(2, rustCell, { outcome: 'MISS', attempt: 1, runId: 'again-2' }),
    ]);
    expect(health.retried).to.equal(1);
  });

  it('names faults that were asked for and never came, of the cell alone', async () => {
    const { health } = await buildReport(reportSource());
    expect(health.deadFaults.map(({ cell, types }) => [cell.driver, types])).to.deep.equal([
      ['ferronic_c', ['link-flap']],
    ]);
  });

  it('sees failures come more often towards the end of a cell', async () => {
    const quiet = Array.from({ length: 60 }, (_, minute) => storedRun(minute, cCell));
    const loud = Array.from({ length: 10 }, (_, more) => crashed(60 + more, uaf));
    const [worse] = (await reportOf([...loud, ...quiet])).cells;
    expect(worse?.trend?.verdict).to.equal('worsening');
    const early = loud.map((run, at) => ({ ...run, endedAt: `2026-11-21T20:00:0${at}.000Z` }));
    const [better] = (await reportOf([...quiet, ...early])).cells;
    expect(better?.trend?.verdict).to.equal('improving');
  });

  it('compares drivers under the same conditions, and nothing else', async () => {
    const { comparisons } = await reportOf([
      storedRun(1, rustCell),
      crashed(2, uaf),
      storedRun(3, { ...cCell, kernel: 'fast' }),
      storedRun(4, { ...cCell, defect: 'work-uaf' }),
    ]);
    expect(comparisons).to.have.length(1);
    expect(comparisons[0]?.a.driver).to.equal('ferronic');
    expect(comparisons[0]?.b.driver).to.equal('ferronic_c');
    expect(comparisons[0]?.comparison.b.failures).to.equal(1);
  });

  it('knows a bug of the campaign before by any of its names', async () => {
    const { difference, groups } = await buildReport(reportSource());
    expect(groups[0]?.title).to.equal(uaf.title);
    expect(difference?.still).to.deep.equal([uaf.title]);
    expect(difference?.gone).to.deep.equal(['kernel BUG in skb_put']);
    expect(difference?.appeared).to.include(otherUaf.title).and.not.include(pageFault.title);
  });

  it('says when a bug was first seen, and after how long in its cells', async () => {
    const hour = { virtualMs: 3_600_000 };
    const [group] = (
      await reportOf([
        storedRun(1, cCell, hour),
        storedRun(2, rustCell, hour),
        crashed(3, uaf, hour),
        storedRun(4, cCell, hour),
        crashed(5, pageFault, hour),
        crashed(6, uaf, hour),
      ])
    ).groups;
    expect(group?.exposureHoursToFirst).to.equal(2);
    expect(group).to.include({ count: 3, title: uaf.title });
    expect(group?.firstSeen).to.equal(crashed(3, uaf).endedAt);
    expect(group?.lastSeen).to.equal(crashed(6, uaf).endedAt);
    expect(group?.otherTitles).to.include(pageFault.title);
  });

  it('asks the sequential test for each cell of a campaign with a goal', async () => {
    const goal = { mtbfHours: 2, insteadOfHours: 0.5, alpha: 0.05, beta: 0.05 };
    const long = storedRun(1, rustCell, { virtualMs: 10 * 3_600_000 });
    const [cell] = (await reportOf([long], { goal })).cells;
    expect(cell?.goal).to.deep.include({ decision: { kind: 'accept' }, hoursNeeded: 0 });
  });

  it('takes no terminal escape from what guests and reasons say', async () => {
    const text = JSON.stringify(await buildReport(reportSource()));
    expect(text).to.include('WARNING in redgnp.exe').and.include('the guest has no ping');
    expect(text).not.to.match(/\\u001b|\\u009b|\u009b|\\u202e|\u202e/);
  });

  it('is built of ten thousand runs within a few seconds', async () => {
    const runs = Array.from({ length: 10_000 }, (_, minute) =>
      minute % 10 === 0
        ? crashed(minute, titled(`bug ${minute % 500} in f`))
        : storedRun(minute, rustCell),
    );
    const { groups } = await reportOf(runs);
    expect(groups).to.have.length(50);
  }).timeout(8_000);
});

describe('the run that brings a crash back', () => {
  it('is a simulated one before an earlier live one, with all that its folder tells', async () => {
    await using folders = await runFolders();
    const { groups } = await buildReport(reportSource(folders.path));
    const [group] = groups;
    const { runId } = storedRun(75, cSimCell);
    expect(group?.reproducer).to.deep.equal({
      runId,
      folder: join(folders.path, runId),
      command: `ferrolab repro ${runId}`,
      identical: null,
    });
    expect(group?.text).to.include('ferronic_service.c:124').and.not.include('\u001b');
    expect(group?.faults).to.deep.equal([
      '[1.631] irq-storm on nic1, vector 0: 36 messages at 2000 Hz',
      '[5.728] alloc-failure during traffic: 49 delivered',
    ]);
    expect(group?.timeline.map(({ seconds, what }) => `${seconds} ${what}`)).to.deep.equal([
      'null lab: launch',
      '1 round 0: traffic',
      '1.6313568 injected irq-storm on nic1, vector 0, 2000 Hz for 18 ms',
      '1.7 nic1: irq-storm arrived (7 times)',
      '2 nic1: the driver broke rule 10, RING_CHANGED: <b>register</b> written while the queue is active',
      '2.5 workload ended: alarm',
      `2.5 FAIL: ${uaf.title}`,
    ]);
  });

  it('is one that came back identical before one that did not', async () => {
    await using folders = await runFolders();
    const runs = [71, 72, 73].map((minute) => {
      const run = storedRun(minute, cSimCell, { crashes: [uaf] });
      return { ...run, folder: join(folders.path, run.runId) };
    });
    for (const [at, { folder }] of runs.entries()) {
      await mkdir(folder);
      await writeFile(join(folder, 'world.json'), '{}');
      await writeRepetition(folder, { version: 1, identical: at === 1 });
    }
    const made = await reportOf(runs);
    expect(made.groups[0]?.reproducer).to.include({ runId: runs[1]?.runId, identical: true });
    const [first] = runs;
    const never = await reportOf(first === undefined ? [] : [first]);
    expect(never.groups[0]?.reproducer).to.include({ runId: first?.runId, identical: false });
    const said = healthFindings(never).map(({ what }) => what);
    expect(said).to.include(`1 of 1 bug tried did not come back identical: ${uaf.title}`);
  });

  it('is the earliest live one whose folder is there, to be looked for in simulated worlds', async () => {
    await using folders = await runFolders();
    const runs = [41, 42].map((minute) => {
      const run = crashed(minute, uaf);
      return { ...run, folder: join(folders.path, run.runId) };
    });
    const later = runs[1]?.folder ?? '';
    await mkdir(later);
    await writeFile(join(later, 'world.json'), '{}');
    const [group] = (await reportOf(runs)).groups;
    expect(group?.reproducer.command).to.equal(`ferrolab hunt --from ${runs[1]?.runId}`);
  });

  it('is the simulated run in which a live crash was found again', async () => {
    await using folders = await runFolders();
    const live = { ...crashed(41, uaf), folder: join(folders.path, 'live') };
    const { runId } = storedRun(75, cSimCell);
    await mkdir(live.folder);
    const found = { version: 1, title: uaf.title, worlds: 3, reproduced: true, runId };
    await writeFile(join(live.folder, 'reproduced.json'), JSON.stringify(found));
    const [group] = (await reportOf([live])).groups;
    expect(group?.reproducer.command).to.equal(`ferrolab repro ${runId}`);
    expect(group?.text).to.include('ferronic_service.c:124');
  });

  it('is named, and its bug shown, when all folders are gone', async () => {
    const [group] = (await reportOf([crashed(41, uaf)])).groups;
    expect(group).to.include({ count: 1, text: '' });
    expect(group?.reproducer.command).to.match(/^ferrolab hunt --from /);
    expect(group?.timeline).to.deep.equal([]);
  });

  it('has an id that a shell takes as it is, whatever it holds', async () => {
    const [group] = (await reportOf([crashed(41, uaf, { runId: "x'; rm -rf ~" })])).groups;
    expect(group?.reproducer.command).to.equal("ferrolab hunt --from 'x'\\''; rm -rf ~'");
  });
});

describe('the timeline of a run', () => {
  it('keeps the end of a run that goes on and on', () => {
    const events = Array.from({ length: 5_000 }, (_, round) => ({
      type: 'phase',
      virtualNs: round * 1e9,
      round,
      phase: 'traffic',
    }));
    const timeline = timelineOf(events);
    expect(timeline).to.have.length(200);
    expect(timeline.at(-1)).to.deep.equal({ seconds: 4_999, what: 'round 4999: traffic' });
  });

  it('is free of escapes, and bounded, whatever a log holds', () => {
    const [entry] = timelineOf([
      { type: 'violation', device: '\u001b[2Jnic0', name: { a: [1] }, detail: 'x'.repeat(9_999) },
    ]);
    expect(entry?.what).to.match(/^nic0: the driver broke rule \?/);
    expect(entry?.what.length).to.be.at.most(300);
  });
});

describe('hostile titles', () => {
  it('each are a bug of their own in the report', async () => {
    const { groups } = await buildReport(reportSource());
    expect(groups).to.have.length(2 + Object.keys(hostileTitles).length);
  });
});
