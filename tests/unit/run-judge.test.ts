// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { type Evidence, judge } from '../../lab/src/run/judge.ts';
import { workloadEndOf } from '../../lab/src/run/workload-end.ts';

const report = {
  title: 'KASAN: slab-use-after-free Read in f',
  type: 'KASAN-USE-AFTER-FREE-READ',
  frame: 'f',
  corrupted: false,
};
const later = { title: 'general protection fault in g', type: 'DoS', frame: 'g', corrupted: false };

function verdictOf(evidence: Partial<Evidence>) {
  return judge({
    stage: 'churn',
    end: { kind: 'finished' },
    reports: [],
    panicked: false,
    guestReset: false,
    qemuDied: null,
    driverInStack: false,
    guestAnswers: false,
    interruptLost: false,
    qmpAnswers: true,
    ...evidence,
  });
}

describe('the judge', () => {
  it('passes a run that finished without a sign of a crash', () => {
    expect(verdictOf({})).to.include({ outcome: 'PASS' });
  });

  it('blames the driver for a report on the console, the first one being the cause', () => {
    const { outcome, reason, crashes } = verdictOf({
      end: { kind: 'alarm' },
      reports: [report, later],
    });
    expect(outcome).to.equal('FAIL');
    expect(reason).to.equal(report.title);
    expect(crashes).to.deep.equal([report, later]);
  });

  it('blames the driver for a panic that only the panic device told of', () => {
    const { outcome, crashes } = verdictOf({ end: { kind: 'alarm' }, panicked: true });
    expect(outcome).to.equal('FAIL');
    expect(crashes).to.have.length(1);
  });

  it('blames the driver for a guest that reset itself', () => {
    expect(verdictOf({ guestReset: true, qemuDied: 'ended with status 0' })).to.include({
      outcome: 'FAIL',
      reason: 'unexpected kernel reboot',
    });
  });

  it('believes the report even when the connection was lost and QEMU died', () => {
    const end = { kind: 'lost', doing: 'pinging' } as const;
    expect(
      verdictOf({ end, reports: [report], qemuDied: 'was killed by SIGSEGV' }).outcome,
    ).to.equal('FAIL');
  });

  it('blames the driver for silence as long as QEMU answers', () => {
    const end = { kind: 'stuck', doing: 'unloading the driver' } as const;
    const { outcome, reason, crashes } = verdictOf({ end });
    expect(outcome).to.equal('FAIL');
    expect(reason).to.contain('unloading the driver');
    expect(crashes).to.deep.equal([
      {
        title: 'no response from guest',
        type: 'HANG',
        frame: null,
        corrupted: false,
        family: 'silence',
      },
    ]);
  });

  it('blames the driver for what it does wrong without a report', () => {
    const end = {
      kind: 'wrong',
      title: 'the link of x does not come up',
      detail: 'no carrier',
    } as const;
    expect(verdictOf({ end }).crashes[0]?.title).to.equal(end.title);
  });

  it('takes what fails when the time is over for cut, and not what fails before', () => {
    const { signal } = new AbortController();
    const error = new Error('timed out waiting for the saved machine');
    const endWithin = (ms: number) =>
      workloadEndOf(error, { signal, deadline: Deadline.after(ms) });
    expect(endWithin(0)).to.deep.equal({ kind: 'cut' });
    expect(endWithin(60_000)).to.deep.equal({ kind: 'lab', problem: error.message });
  });

  it('passes a run that was cut after the driver was loaded', () => {
    expect(verdictOf({ end: { kind: 'cut' } }).outcome).to.equal('PASS');
    expect(verdictOf({ end: { kind: 'cut' }, stage: 'load' }).outcome).to.equal('PASS');
  });

  it('calls it an error of the test when a guest command fails that must work', () => {
    const end = {
      kind: 'refused',
      doing: 'loading the driver',
      said: 'invalid module format',
    } as const;
    expect(verdictOf({ end, stage: 'load' })).to.include({ outcome: 'ERROR' });
  });

  const stall = {
    title: 'INFO: rcu detected stall in x',
    type: 'HANG',
    frame: 'x',
    corrupted: false,
  };

  it('blames the driver for a stall that lasts, or in whose stacks it is', () => {
    const end = { kind: 'alarm' } as const;
    expect(verdictOf({ end, reports: [stall] }).outcome).to.equal('FAIL');
    expect(
      verdictOf({ end, reports: [stall], guestAnswers: true, driverInStack: true }).outcome,
    ).to.equal('FAIL');
    expect(
      verdictOf({ end, reports: [stall], interruptLost: true, driverInStack: true }).outcome,
    ).to.equal('FAIL');
    expect(verdictOf({ end, reports: [stall, report], guestAnswers: true }).outcome).to.equal(
      'FAIL',
    );
  });

  const missed: Record<string, Partial<Evidence>> = {
    'QEMU died without a sign from the guest': {
      end: { kind: 'alarm' },
      qemuDied: 'was killed by SIGSEGV',
    },
    'the guest stalled and went on, the driver in no stack': {
      end: { kind: 'alarm' },
      reports: [stall],
      guestAnswers: true,
    },
    'the guest stalled as QEMU had lost the end of an interrupt, the driver in no stack': {
      end: { kind: 'alarm' },
      reports: [stall],
      interruptLost: true,
    },
    'the connection was lost without a sign from the guest': {
      end: { kind: 'lost', doing: 'pinging' },
    },
    'neither guest nor QEMU answers': { end: { kind: 'stuck', doing: 'x' }, qmpAnswers: false },
    'the guest crashed before it had the driver': { stage: 'boot', reports: [report] },
    'the guest panicked before it had the driver': { stage: 'boot', panicked: true },
    'the guest never came up': { stage: 'boot', end: { kind: 'lab', problem: 'timed out' } },
    'the guest was silent before it had the driver': {
      stage: 'boot',
      end: { kind: 'stuck', doing: 'x' },
    },
    'a run was cut before it had the driver': { stage: 'boot', end: { kind: 'cut' } },
    'the harness failed': { end: { kind: 'lab', problem: 'no space left' } },
  };
  for (const [what, evidence] of Object.entries(missed)) {
    it(`counts it as the lab's miss when ${what}`, () => {
      const { outcome, crashes } = verdictOf(evidence);
      expect(outcome).to.equal('MISS');
      expect(crashes).to.deep.equal([]);
    });
  }
});
