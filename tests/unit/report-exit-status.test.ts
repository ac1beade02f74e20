// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import type { CampaignEnd } from '../../lab/src/campaign-record.ts';
import { countFault, emptyTally, type FaultTally } from '../../lab/src/fault-tally.ts';
import { buildReport } from '../../lab/src/report/build-report.ts';
import { formatBytes } from '../../lab/src/report/bytes.ts';
import { formatClock, formatHours } from '../../lab/src/report/durations.ts';
import { soakExitStatus } from '../../lab/src/report/soak-exit-status.ts';
import type { StoredRun } from '../../lab/src/store/result-store.ts';
import type { Outcome } from '../../lab/src/verdict.ts';
import { cCell, uaf } from '../support/report-campaign.ts';

const alive = countFault(emptyTally, 'irq-storm', { requested: 100, delivered: 60 });
const dead = countFault(emptyTally, 'link-flap', { requested: 5, delivered: 0 });

function run(
  cycle: number,
  outcome: Outcome,
  { canary = false, faults = alive }: { canary?: boolean; faults?: FaultTally } = {},
): StoredRun {
  return {
    runId: `r${canary ? 'c' : ''}${cycle}`,
    campaignId: 'c1',
    cycle,
    attempt: 0,
    canary,
    host: 'lab',
    cell: cCell,
    seed: cycle,
    outcome,
    reason: outcome,
    wallMs: 60_000,
    virtualMs: 60_000,
    faults,
    phasesMs: {},
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:00.000Z',
    folder: '/nowhere',
    crashes: outcome === 'FAIL' ? [uaf] : [],
  };
}

async function statusOf(runs: readonly StoredRun[], end: CampaignEnd = { kind: 'budget' }) {
  const campaign = {
    id: 'c1',
    name: null,
    host: 'lab',
    seed: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T01:00:00.000Z',
    record: null,
    end,
  };
  const nothing = { previous: null, lost: 0, goal: null, coverage: [] };
  return soakExitStatus(await buildReport({ campaign, runs, ...nothing }));
}

describe('the exit status of a soak', () => {
  const caught = run(0, 'FAIL', { canary: true });
  const cases: [string, readonly StoredRun[], number, CampaignEnd?][] = [
    ['0 when nothing was found', [run(0, 'PASS'), run(1, 'MISS')], 0],
    ['0 when only the canary crashed', [caught, run(0, 'PASS')], 0],
    ['1 when the driver failed', [run(0, 'PASS'), run(1, 'FAIL')], 1],
    ['3 when every run was a miss', [run(0, 'MISS')], 3],
    ['3 when there was no run at all', [], 3],
    ['3 when nothing but the canary was tested', [caught], 3],
    ['3 when the test itself broke', [run(0, 'PASS'), run(1, 'ERROR')], 3],
    ['3 when faults were asked for and none came', [run(0, 'PASS', { faults: dead })], 3],
    ['3 when the canary was not caught', [run(0, 'PASS', { canary: true }), run(0, 'PASS')], 3],
    ['3 when the lab gave up', [run(0, 'PASS')], 3, { kind: 'gave-up', reason: 'x' }],
    ['130 when it was interrupted', [run(0, 'FAIL')], 130, { kind: 'interrupted' }],
  ];
  for (const [what, runs, status, end] of cases) {
    it(`is ${what}`, async () => {
      expect(await statusOf(runs, end)).to.equal(status);
    });
  }
});

describe('figures with units', () => {
  it('give durations in the unit a reader thinks in', () => {
    expect(formatHours(20 / 3_600)).to.equal('20 s');
    expect(formatHours(0.5)).to.equal('30 min');
    expect(formatHours(8)).to.equal('8 h');
    expect(formatClock(61_000)).to.equal('1:01');
    expect(formatClock(3_661_000)).to.equal('1:01:01');
  });

  it('give sizes in powers of 1,024', () => {
    expect(formatBytes(0)).to.equal('0 B');
    expect(formatBytes(1_536)).to.equal('1.5 KiB');
    expect(formatBytes(20 * 1024 ** 3)).to.equal('20 GiB');
    expect(formatBytes(999 * 1024 ** 2)).to.equal('999 MiB');
  });
});
