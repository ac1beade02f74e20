// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import type { WorkloadConfig } from '../../lab/src/config/define-lab.ts';
import { type EndCheckName, type StepName, stepNames } from '../../lab/src/config/step-names.ts';
import type { FaultCount } from '../../lab/src/fault-tally.ts';
import { generatePlan } from '../../lab/src/faults/generate-plan.ts';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { deviceReport } from '../../lab/src/run/device-report.ts';
import { FaultSchedule } from '../../lab/src/run/fault-schedule.ts';
import { Guest, type GuestSession } from '../../lab/src/run/guest.ts';
import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import { churn } from '../../lab/src/run/workload.ts';
import { WorkloadEnded } from '../../lab/src/run/workload-end.ts';
import { parseCounts } from '../../lab/src/run/workloads/counters.ts';
import { drawStep } from '../../lab/src/run/workloads/planned-step.ts';
import type { ExecResult } from '../../lab/src/vm/ssh-session.ts';

const never = new AbortController().signal;
const workload: WorkloadConfig = {
  churnMs: 1,
  rounds: 1,
  trafficMs: [10, 20],
  payloadBytes: 1_000,
};
const wholeSteps = stepNames.filter(
  (step) =>
    !['traffic', 'unload', 'bind', 'open', 'surprise-removal'].includes(step) &&
    !['hot-unplug', 'generator', 'peer-traffic'].includes(step),
);

type Answer = Partial<Extract<ExecResult, { kind: 'exited' }>>;

/** Does one step in a guest that answers by the first pattern that fits. */
async function doStep(
  step: StepName | null,
  answers: readonly (readonly [RegExp, Answer])[] = [],
  { seed = 1, atEnd = [] as readonly EndCheckName[] } = {},
) {
  const commands: string[] = [];
  const allocations: FaultCount[] = [];
  const usual: typeof answers = [
    [/drivers_autoprobe/, { stdout: '0000:01:00.0\n0000:02:00.0\n' }],
    [/lab-fault sweep-/, { stdout: 'lab-fault: swept 3 delivered 2\n' }],
    [/ping -q -i/, { stdout: '5 packets transmitted, 5 received, 0% packet loss' }],
  ];
  const session: GuestSession = {
    rest: async () => undefined,
    exec: async (command) => {
      commands.push(command);
      const answer = [...answers, ...usual].find(([pattern]) => pattern.test(command))?.[1] ?? {};
      return { kind: 'exited', code: 0, stdout: '', stderr: '', truncated: false, ...answer };
    },
  };
  const guest = new Guest(session, never);
  const driver = await GuestDriver.find(guest, 'ferronic_c', '1234:fe01');
  const steps = step === null ? [] : [drawStep(step, new SeededRandom(seed), workload)];
  const context = {
    guest,
    driver,
    schedule: new FaultSchedule([]),
    makeFault: async () => undefined,
    observer: {
      phase: () => undefined,
      allocFailures: (_round: number, _phase: string, count: FaultCount) =>
        void allocations.push(count),
    },
    signal: never,
  };
  const params = { churnMs: 1, payloadBytes: 1_000, rounds: [{ steps }], atEnd };
  const end = await churn(params, context, Deadline.after(60_000)).then(
    () => ({ kind: 'finished' as const }),
    (error: unknown) => {
      if (error instanceof WorkloadEnded) return error.end;
      throw error;
    },
  );
  return { end, commands, allocations };
}

describe('a step of a workload', () => {
  for (const step of wholeSteps) {
    it(`is a script that the guest's shell can read: ${step}`, async () => {
      for (let seed = 0; seed < 6; seed += 1) {
        const { commands, end } = await doStep(step, [], { seed });
        expect(end.kind).to.equal('finished');
        for (const command of commands) {
          execFileSync('sh', ['-n'], { input: command });
        }
      }
    });
  }

  it('is drawn from the seed alone', () => {
    for (const step of stepNames) {
      const draw = () => drawStep(step, new SeededRandom(9), workload);
      expect(draw()).to.deep.equal(draw());
      expect(draw().step).to.equal(step);
    }
  });

  it('is an error of the test, and no pass, where the driver lacks the feature', async () => {
    const { end } = await doStep('ring-resize', [
      [/ethtool -G/, { code: 1, stdout: 'lab-step: missing ethtool -g\n' }],
    ]);
    expect(end).to.include({ kind: 'refused', said: 'there is no ethtool -g here' });
  });

  it('is an error of the test where the device cannot be removed', async () => {
    const { end } = await doStep('surprise-removal');
    expect(end).to.include({ kind: 'refused' });
  });

  it('blames the driver for what it does wrong, with a title that does not change', async () => {
    const { end } = await doStep('ring-resize', [
      [/ethtool -G/, { code: 1, stdout: 'lab-step: wrong rings of x | rx 64: rx 128\n' }],
    ]);
    expect(end).to.include({ kind: 'wrong', title: 'rings of x', detail: 'rx 64: rx 128' });
  });

  it('counts the allocations that it has made to fail', async () => {
    const { allocations } = await doStep('ring-resize-failing', [
      [/lab-fault nth/, { stdout: 'lab-fault: swept 4 delivered 3\n' }],
    ]);
    expect(allocations).to.deep.equal([{ requested: 4, delivered: 3 }]);
    expect((await doStep('bind-failing')).allocations).to.deep.equal([
      { requested: 3, delivered: 2 },
    ]);
  });

  it('is disturbed by faults of its own, which leave those of the other steps as they are', () => {
    const shape = {
      rounds: 2,
      types: ['irq-storm', 'link-flap'],
      nics: ['nic0', 'nic1'],
      vectors: 3,
      trafficMs: [100, 100],
    } as const;
    const plan = generatePlan(new SeededRandom(1), { ...shape, steps: ['traffic', 'suspend'] });
    const phases = new Set(plan.map(({ at }) => at.phase));
    expect([...phases].sort()).to.deep.equal(['suspend', 'traffic']);
  });
});

describe('the check of counters', () => {
  const reading = (interrupts: number, driver: number, activity = 30) => ({
    stdout: [
      'driver rx_packets 100',
      'driver tx_packets 200',
      `driver queue_interrupts ${driver}`,
      'driver mgmt_interrupts 10',
      'driver service_runs 20',
      `driver mgmt_activity ${activity}`,
      `interrupts ${interrupts}`,
      'rx 100',
      'tx 200',
    ].join('\n'),
  });

  const compare = (counts: Answer) => doStep(null, [[/msi_irqs/, counts]], { atEnd: ['counters'] });

  it('passes a driver that counts what the kernel counts', async () => {
    expect((await compare(reading(70, 60))).end).to.include({ kind: 'finished' });
    // The kernel may have run a handler that it did not count.
    expect((await compare(reading(70, 61))).end).to.include({ kind: 'finished' });
  });

  it('finds a counter that has lost some', async () => {
    const { end } = await compare(reading(70, 59));
    expect(end).to.include({ kind: 'wrong', detector: 'counters' });
    expect(end).to.have.property('title', 'ferronic_c miscounts interrupts');
  });

  it('finds a sum that is not the sum of its parts', async () => {
    const { end } = await compare(reading(70, 60, 29));
    expect(end).to.have.property('title', 'ferronic_c miscounts management activity');
  });

  it('is an error of the test where the driver has no such counters', async () => {
    const { end } = await compare({ stdout: 'driver rx_packets 1\ninterrupts 5\nrx 1\ntx 1' });
    expect(end).to.include({ kind: 'refused' });
  });

  it('adds up all vectors of the device', () => {
    expect(parseCounts('interrupts 5\ninterrupts 7\nrx 1\ntx 2').interrupts).to.equal(12);
  });
});

describe('the check for leaks', () => {
  it('takes the driver off its devices first, and puts what it finds into the kernel log', async () => {
    const { commands } = await doStep(null, [], { atEnd: ['kmemleak'] });
    const unbind = commands.findIndex((command) => />\$p\/unbind/.test(command));
    const scan = commands.findIndex((command) => /scan >.*kmemleak.*scan >/s.test(command));
    expect(unbind).to.be.greaterThan(-1);
    expect(scan).to.be.greaterThan(unbind);
    expect(commands[scan]).to.match(/\/dev\/kmsg/);
  });
});

describe('a report of the device', () => {
  const event = (rule: object) => ({ name: 'FERRONIC_VIOLATION', data: { violation: rule } });

  it('names the rule that the driver broke', () => {
    const report = deviceReport(event({ rule: 17, 'under-fault': false }));
    expect(report).to.include({
      title: 'ferronic contract: doorbell past the ring (rule 17)',
      family: 'device-contract',
    });
  });

  it('says nothing against a driver that a fault can have misled, or of other events', () => {
    expect(deviceReport(event({ rule: 17, 'under-fault': true }))).to.equal(null);
    expect(deviceReport({ name: 'SHUTDOWN', data: { guest: true } })).to.equal(null);
    expect(deviceReport({ name: 'FERRONIC_VIOLATION', data: null })).to.equal(null);
  });
});
