// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { TimedOutError } from 'qemu-ipc/errors';
import { Deadline } from 'qemu-ipc/wait';
import type { EndCheckName } from '../../lab/src/config/step-names.ts';
import type { FaultPlan } from '../../lab/src/faults/fault.ts';
import { type DeviceMadeFault, FaultSchedule } from '../../lab/src/run/fault-schedule.ts';
import { Guest, type GuestSession } from '../../lab/src/run/guest.ts';
import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import { churn } from '../../lab/src/run/workload.ts';
import { type WorkloadEnd, WorkloadEnded } from '../../lab/src/run/workload-end.ts';
import type { RoundParams } from '../../lab/src/run/world.ts';
import type { ExecResult } from '../../lab/src/vm/ssh-session.ts';

const never = new AbortController().signal;

type Answer = Partial<Extract<ExecResult, { kind: 'exited' }>> | Error | 'lost';

/** A guest that answers commands by the first pattern that fits, and remembers them. */
function scriptedGuest(answers: readonly (readonly [RegExp, Answer])[]) {
  const commands: string[] = [];
  const usual: readonly (readonly [RegExp, Answer])[] = [
    [/drivers_autoprobe/, { stdout: '0000:01:00.0\n0000:02:00.0\n' }],
    [/^ping|ping -q/, { stdout: '5 packets transmitted, 5 received, 0% packet loss' }],
    [/lab-fault sweep/, { stdout: 'lab-fault: swept 3 delivered 2\n' }],
    [/lab-fault disarm/, { stdout: 'lab-fault: delivered 4\n' }],
  ];
  const session: GuestSession = {
    rest: async () => undefined,
    exec: async (command) => {
      commands.push(command);
      const answer = [...answers, ...usual].find(([pattern]) => pattern.test(command))?.[1] ?? {};
      if (answer instanceof Error) {
        throw answer;
      }
      const nothing = { stdout: '', stderr: '', truncated: false };
      return answer === 'lost'
        ? { kind: 'lost', ...nothing }
        : { kind: 'exited', code: 0, ...nothing, ...answer };
    },
  };
  return { guest: new Guest(session, never), commands };
}

async function runChurn(
  answers: readonly (readonly [RegExp, Answer])[],
  rounds: readonly RoundParams[],
  plan: FaultPlan = [],
  atEnd: readonly EndCheckName[] = [],
) {
  const { guest, commands } = scriptedGuest(answers);
  const driver = await GuestDriver.find(guest, 'ferronic_c', '1234:fe01');
  const faults: DeviceMadeFault[] = [];
  const allocations: { requested: number; delivered: number }[] = [];
  const context = {
    guest,
    driver,
    schedule: new FaultSchedule(plan),
    makeFault: async (fault: DeviceMadeFault) => void faults.push(fault),
    observer: {
      phase: () => undefined,
      allocFailures: (
        _round: number,
        _phase: string,
        count: { requested: number; delivered: number },
      ) => void allocations.push(count),
    },
    signal: never,
  };
  let end: WorkloadEnd = { kind: 'finished' };
  try {
    await churn(
      { churnMs: 1, payloadBytes: 1_000, rounds, atEnd },
      context,
      Deadline.after(60_000),
    );
  } catch (error) {
    if (!(error instanceof WorkloadEnded)) {
      throw error;
    }
    end = error.end;
  }
  return { end, commands, faults, allocations };
}

function reload(how: 'rmmod' | 'unbind'): RoundParams {
  return {
    steps: [
      { step: 'traffic', trafficMs: 10 },
      { step: 'unload', how },
      { step: 'bind' },
      { step: 'open' },
    ],
  };
}

const round = reload('rmmod');

describe('the workload', () => {
  it('passes traffic, unloads, loads, binds and opens in each round', async () => {
    const { end, commands } = await runChurn([], [round, reload('unbind')]);
    expect(end.kind).to.equal('finished');
    const steps = [
      /ping -q -f/,
      /rmmod ferronic_c/,
      /insmod/,
      />\$p\/bind/,
      /lab-link up/,
      /ping -q -f/,
      />\$p\/unbind/,
    ];
    let from = 0;
    for (const step of steps) {
      const at = commands.findIndex((command, index) => index >= from && step.test(command));
      expect(at, String(step)).to.be.at.least(0);
      from = at;
    }
  });

  it('makes the faults of each step, and counts allocations that were made to fail', async () => {
    const storm = {
      type: 'irq-storm',
      nic: 'nic0',
      vector: 0,
      rateHz: 1_000,
      ns: 1_000_000,
    } as const;
    const plan: FaultPlan = [
      {
        at: { round: 0, phase: 'bind', ns: 0 },
        fault: { type: 'alloc-failure', pick: { kind: 'nth', first: 1, tries: 3, depth: 8 } },
      },
      {
        at: { round: 0, phase: 'traffic', ns: 0 },
        fault: { type: 'alloc-failure', pick: { kind: 'chance', percent: 5, times: 9 } },
      },
      { at: { round: 0, phase: 'traffic', ns: 1_000_000 }, fault: storm },
      { at: { round: 0, phase: 'unload', ns: 0 }, fault: { ...storm, nic: 'nic1' } },
      { at: { round: 1, phase: 'unload', ns: 0 }, fault: { ...storm, nic: 'never' } },
    ];
    const { commands, faults, allocations } = await runChurn([], [round], plan);
    expect(faults.map((fault) => fault.nic)).to.deep.equal(['nic0', 'nic1']);
    expect(allocations).to.deep.equal([
      { requested: 9, delivered: 4 },
      { requested: 3, delivered: 2 },
    ]);
    expect(commands).to.include('lab-fault sweep-bind ferronic_c 0000:01:00.0 1 3 8');
    expect(commands).to.include('lab-fault arm ferronic_c 5 9 any');
  });

  const ends: [string, readonly [RegExp, Answer], Partial<WorkloadEnd>][] = [
    [
      'a guest that never answers is stuck',
      [/rmmod/, new TimedOutError(['rmmod'])],
      { kind: 'stuck' },
    ],
    ['a broken connection is lost', [/rmmod/, 'lost'], { kind: 'lost' }],
    [
      'a module that does not load is refused',
      [/insmod/, { code: 1, stderr: 'Invalid module format' }],
      { kind: 'refused' },
    ],
    [
      'a probe that fails without a fault is wrong',
      [/>\$p\/bind/, { code: 1, stderr: 'sh: write error: Input/output error' }],
      { kind: 'wrong' },
    ],
    [
      'a guest out of memory is no proof against the driver',
      [/>\$p\/bind/, { code: 1, stderr: 'sh: write error: Cannot allocate memory' }],
      { kind: 'refused' },
    ],
    [
      'a link without carrier is wrong',
      [/lab-link up/, { code: 1, stderr: 'lab-link: no carrier on eth0' }],
      { kind: 'wrong' },
    ],
    [
      'a corrupted payload is wrong',
      [/ping -q -f/, { stdout: '9 packets transmitted, 9 received, +1 corrupted, 0% packet loss' }],
      { kind: 'wrong' },
    ],
  ];
  for (const [what, answer, end] of ends) {
    it(`ends when something fails: ${what}`, async () => {
      expect((await runChurn([answer], [round])).end).to.include(end);
    });
  }

  it('finds a link dead through which no packet passes, and not one that loses some', async function () {
    this.timeout(10_000);
    const silent: Answer = {
      code: 1,
      stdout: '5 packets transmitted, 0 received, 100% packet loss',
    };
    expect((await runChurn([[/ping -q -i/, silent]], [round])).end).to.include({ kind: 'wrong' });
    const lossy: Answer = { stdout: '5 packets transmitted, 1 received, 80% packet loss' };
    expect((await runChurn([[/ping -q -i/, lossy]], [round])).end).to.include({ kind: 'finished' });
  });

  it('needs both devices', async () => {
    const { guest } = scriptedGuest([[/drivers_autoprobe/, { stdout: '0000:01:00.0\n' }]]);
    const error = await GuestDriver.find(guest, 'ferronic_c', '1234:fe01').catch(
      (caught: unknown) => caught,
    );
    expect(error).to.be.instanceOf(WorkloadEnded).with.nested.property('end.kind', 'refused');
  });
});
