// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { countFault, emptyTally, type FaultTally } from '../../lab/src/fault-tally.ts';
import {
  type CampaignEnd,
  type CampaignSummary,
  summarize,
} from '../../lab/src/report/campaign-summary.ts';
import { formatClock, formatHours } from '../../lab/src/report/durations.ts';
import { soakDocument } from '../../lab/src/report/soak-document.ts';
import { soakExitStatus } from '../../lab/src/report/soak-exit-status.ts';
import { terminalSummary } from '../../lab/src/report/terminal-summary.ts';
import type { StoredRun } from '../../lab/src/store/result-store.ts';
import type { Outcome } from '../../lab/src/verdict.ts';

const campaign = {
  id: 'c1',
  seed: 42,
  cell: {
    target: 'ferronic',
    driver: 'ferronic_c',
    defect: null,
    kernel: 'debug',
    mode: 'live',
    accel: 'tcg',
    profile: 'usual',
    workload: 'traffic-churn',
  },
};

const alive: FaultTally = countFault(emptyTally, 'irq-storm', { requested: 100, delivered: 60 });

function run(
  id: number,
  outcome: Outcome,
  titles: readonly string[] = [],
  faults = alive,
): StoredRun {
  return {
    runId: `r${id}`,
    cycle: id,
    outcome,
    reason: titles[0] ?? 'the reason',
    wallMs: 3_600_000,
    virtualMs: 1_800_000,
    faults,
    folder: `/runs/r${id}`,
    crashes: titles.map((title) => ({ title, type: 'BUG', frame: 'f', corrupted: false })),
  };
}

const uaf = 'KASAN: use-after-free in f';

function summaryOf(
  runs: readonly StoredRun[],
  end: CampaignEnd = { kind: 'budget' },
): CampaignSummary {
  return summarize({ ...campaign, end }, runs);
}

describe('the summary of a campaign', () => {
  it('groups crashes by the title of the cause, the commonest first', () => {
    const { crashes } = summaryOf([
      run(0, 'FAIL', ['rare']),
      run(1, 'FAIL', [uaf, 'follow-up']),
      run(2, 'FAIL', [uaf]),
    ]);
    expect(crashes.map(({ title, count, runs }) => [title, count, runs])).to.deep.equal([
      [uaf, 2, ['/runs/r1', '/runs/r2']],
      ['rare', 1, ['/runs/r0']],
    ]);
  });

  it('counts neither MISS nor ERROR as exposure or failure', () => {
    const summary = summaryOf([
      run(0, 'PASS'),
      run(1, 'MISS'),
      run(2, 'ERROR'),
      run(3, 'FAIL', [uaf]),
    ]);
    expect(summary.exposureHours).to.deep.equal({ wall: 2, virtual: 1 });
    expect(summary.mtbf).to.include({ failures: 1, estimate: 1 });
    expect(summary.verdicts).to.deep.equal({ PASS: 1, FAIL: 1, ERROR: 1, MISS: 1 });
  });

  it('has the agreed keys as a document, with null where there is no figure', () => {
    const document = JSON.parse(JSON.stringify(soakDocument(summaryOf([run(0, 'PASS')]))));
    expect(document).to.deep.include({
      seed: 42,
      cycles: 1,
      exposureHours: { wall: 1, virtual: 0.5 },
      verdicts: { PASS: 1, FAIL: 0, ERROR: 0, MISS: 0 },
      faultsDelivered: { 'irq-storm': 60, 'link-flap': 0, 'device-fault': 0, 'alloc-failure': 0 },
      crashes: [],
    });
    expect(document.mtbfHours).to.have.all.keys('estimate', 'lower95', 'upper95');
    expect(document.mtbfHours.estimate).to.equal(null);
    expect(document.mtbfHours.upper95).to.equal(null);
    expect(document.mtbfHours.lower95).to.be.closeTo(0.5 / 2.9957, 1e-4);
  });

  it('gives a crash with all its keys', () => {
    const [crash] = soakDocument(summaryOf([run(0, 'FAIL', [uaf])])).crashes;
    expect(crash).to.deep.equal({
      title: uaf,
      type: 'BUG',
      frame: 'f',
      count: 1,
      runs: ['/runs/r0'],
    });
  });
});

describe('the exit status of a soak', () => {
  const dead = countFault(emptyTally, 'link-flap', { requested: 5, delivered: 0 });
  const cases: [string, CampaignSummary, number][] = [
    ['0 when nothing was found', summaryOf([run(0, 'PASS'), run(1, 'MISS')]), 0],
    ['1 when the driver failed', summaryOf([run(0, 'PASS'), run(1, 'FAIL', [uaf])]), 1],
    ['3 when every run was a miss', summaryOf([run(0, 'MISS')]), 3],
    ['3 when there was no run at all', summaryOf([]), 3],
    ['3 when the test itself broke', summaryOf([run(0, 'PASS'), run(1, 'ERROR')]), 3],
    ['3 when faults were asked for and none came', summaryOf([run(0, 'PASS', [], dead)]), 3],
    [
      '3 when the lab gave up',
      summaryOf([run(0, 'PASS'), run(1, 'MISS')], { kind: 'gave-up', reason: 'x' }),
      3,
    ],
    [
      '130 when it was interrupted',
      summaryOf([run(0, 'FAIL', [uaf])], { kind: 'interrupted' }),
      130,
    ],
  ];
  for (const [what, summary, status] of cases) {
    it(`is ${what}`, () => {
      expect(soakExitStatus(summary)).to.equal(status);
    });
  }
});

describe('the words at the end of a soak', () => {
  it('call zero failures a lower bound and never give an estimate', () => {
    const text = terminalSummary(summaryOf([run(0, 'PASS')]));
    expect(text).to.contain('no crashes');
    expect(text).to.contain('no failure: at least 10 min under stress with 95% confidence');
    expect(text).not.to.match(/infinit|NaN|null|undefined/i);
  });

  it('give estimate and interval with failures, title and first run of each crash', () => {
    const text = terminalSummary(summaryOf([run(0, 'FAIL', [uaf]), run(1, 'FAIL', [uaf])]));
    expect(text).to.contain(
      '30 min between failures under stress, 95% interval 8.3 min to 4.1 h (2 failures)',
    );
    expect(text).to.contain(`   2  ${uaf}  [BUG]\n      /runs/r0`);
  });

  it('shout when the injection is dead', () => {
    const dead = countFault(emptyTally, 'alloc-failure', { requested: 5, delivered: 0 });
    expect(terminalSummary(summaryOf([run(0, 'PASS', [], dead)]))).to.contain(
      'WARNING: NOT ONE ALLOC-FAILURE REACHED THE DRIVER',
    );
  });

  it('say nothing was tested when there was only trouble of the lab, and which', () => {
    const text = terminalSummary(summaryOf([run(0, 'MISS'), run(1, 'MISS')]));
    expect(text).to.contain('nothing was tested, nothing is known');
    expect(text).to.contain('   2  MISS  the reason');
  });

  it('let no escape sequence of a guest through', () => {
    const text = terminalSummary(
      summaryOf([run(0, 'FAIL', ['evil \x1b]0;title\x07\x1b[2J title'])]),
    );
    expect(text).not.to.contain('\x1b');
  });
});

describe('durations', () => {
  it('are in the unit a reader thinks in', () => {
    expect(formatHours(20 / 3_600)).to.equal('20 s');
    expect(formatHours(0.5)).to.equal('30 min');
    expect(formatHours(8)).to.equal('8 h');
    expect(formatClock(61_000)).to.equal('1:01');
    expect(formatClock(3_661_000)).to.equal('1:01:01');
  });
});
