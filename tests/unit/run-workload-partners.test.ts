// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import type { StepName } from '../../lab/src/config/step-names.ts';
import { type TrafficProfile, trafficProfiles } from '../../lab/src/config/traffic-profiles.ts';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { Guest, type GuestSession } from '../../lab/src/run/guest.ts';
import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import { linkPartners } from '../../lab/src/run/link-partners.ts';
import { WorkloadEnded } from '../../lab/src/run/workload-end.ts';
import { drawStep, runStep, type WholeStep } from '../../lab/src/run/workloads/planned-step.ts';
import type { PartnerCounts, StepContext } from '../../lab/src/run/workloads/step-context.ts';
import { passTraffic } from '../../lab/src/run/workloads/traffic.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';
import type { ExecResult } from '../../lab/src/vm/ssh-session.ts';

const never = new AbortController().signal;
const workload = { churnMs: 1, rounds: 1, trafficMs: [10, 20], payloadBytes: 1_000 } as const;

type Answer = Partial<Extract<ExecResult, { kind: 'exited' }>>;
interface Options {
  readonly answers?: readonly (readonly [RegExp, Answer])[];
  readonly counts?: Partial<PartnerCounts>;
  /** What is wrong with the second machine. */
  readonly trouble?: string;
  readonly without?: readonly (keyof StepContext)[];
}

/** What a step has to do with, in the order in which it is used. */
async function ground({ answers = [], counts = {}, trouble, without = [] }: Options) {
  const happened: string[] = [];
  const usual: typeof answers = [
    [/drivers_autoprobe/, { stdout: '0000:01:00.0\n0000:02:00.0\n' }],
    [/slots\/\*\/address/, { stdout: '/sys/bus/pci/slots/2/address:0000:01:00\n' }],
    [/iperf3 -4 -c 10\.0\.0\.3/, { stdout: 'lab-peer: passed\n' }],
    [/10\.0\.0\.3/, { stdout: '9 packets transmitted, 9 received, 0% packet loss' }],
    [/ping -q -i/, { stdout: '5 packets transmitted, 5 received, 0% packet loss' }],
  ];
  const session: GuestSession = {
    rest: async () => undefined,
    exec: async (command) => {
      // Each is a script that the guest's shell can read.
      execFileSync('sh', ['-n'], { input: command });
      happened.push(command);
      const answer = [...answers, ...usual].find(([pattern]) => pattern.test(command))?.[1] ?? {};
      return { kind: 'exited', code: 0, stdout: '', stderr: '', truncated: false, ...answer };
    },
  };
  const guest = new Guest(session, never);
  const note = (what: string) => async () => void happened.push(what);
  const context: StepContext = {
    guest,
    driver: await GuestDriver.find(guest, 'ferronic_c', '1234:fe01'),
    payloadBytes: 1_000,
    slots: {
      canSurprise: true,
      removeDuring: async (_slot, _ms, work) => await work(),
      giveBack: note('give back'),
      press: async (slot) => void happened.push(`press ${slot}`),
      putBack: async (slot) => void happened.push(`put back ${slot}`),
    },
    partners: {
      start: async (slot) => void happened.push(`start ${slot}`),
      stop: async (slot) => void happened.push(`stop ${slot}`),
      counts: async () => ({ sent: 100, received: 90, duplicated: 0, corrupt: 0, ...counts }),
    },
    peer: {
      address: '10.0.0.3',
      trouble,
      run: async (doing) => {
        happened.push(doing);
        return '';
      },
    },
    allocFailures: () => undefined,
    ...Object.fromEntries(without.map((name) => [name, undefined])),
  };
  return { context, happened };
}

async function endOf(act: Promise<void>) {
  return await act.then(
    () => ({ kind: 'finished' as const }),
    (error: unknown) => {
      if (error instanceof WorkloadEnded) return error.end;
      throw error;
    },
  );
}

async function doStep(name: StepName, options: Options = {}, more: object = {}, seed = 1) {
  const { context, happened } = await ground(options);
  const step = { ...drawStep(name, new SeededRandom(seed), workload), ...more } as WholeStep;
  return { end: await endOf(runStep(step, context)), happened };
}

describe('a card that is unplugged in order', () => {
  it('is asked for before the guest lets go of it, and put back afterwards', async () => {
    const { end, happened } = await doStep('hot-unplug', {}, { device: 0 });
    expect(end.kind).to.equal('finished');
    const order = [
      /press 2/,
      /does not let go/,
      /put back 2/,
      /the slot stays empty/,
      /rejoin|net/,
    ];
    let at = 0;
    for (const pattern of order) {
      at = happened.findIndex((what, index) => index >= at && pattern.test(what));
      expect(at, String(pattern)).to.be.greaterThan(-1);
    }
  });

  it('is a fault of the driver when it is not let go of, and an error of the test without slots', async () => {
    const stuck = { stdout: 'lab-step: wrong x does not let go | /sys\n', code: 1 };
    const { end } = await doStep('hot-unplug', { answers: [[/does not let go/, stuck]] });
    expect(end).to.include({ kind: 'wrong', title: 'x does not let go' });
    const { end: without } = await doStep('hot-unplug', { without: ['slots'] });
    expect(without).to.include({ kind: 'refused' });
  });
});

describe("the card's own traffic", () => {
  it('is sent while the guest forwards it, from the card on this side of the link', async () => {
    const { end, happened } = await doStep('generator');
    expect(end.kind).to.equal('finished');
    const marks = happened.map(
      (what) => /ip_forward=1|start 2|stop 2|ip_forward=0/.exec(what)?.[0],
    );
    expect(marks.filter((mark) => mark !== undefined)).to.deep.equal([
      'ip_forward=1',
      'start 2',
      'stop 2',
      'ip_forward=0',
    ]);
  });

  it('that comes back changed, or twice, is held against the driver', async () => {
    const { end } = await doStep('generator', { counts: { corrupt: 2 } });
    expect(end).to.include({
      kind: 'wrong',
      title: 'packets corrupted on their way through ferronic_c',
    });
    expect(end).to.have.property('detail').that.contains('2 changed');
    expect((await doStep('generator', { counts: { duplicated: 1 } })).end).to.include({
      title: 'packets doubled on their way through ferronic_c',
    });
  });

  it('proves nothing when there was none, or when the card has no link partner', async () => {
    const { end } = await doStep('generator', { counts: { sent: 0 } });
    expect(end).to.include({ kind: 'refused' });
    const { end: without } = await doStep('generator', { without: ['partners'] });
    expect(without).to.include({ kind: 'refused' });
  });

  it('is counted without what faults of the card may have changed unseen', async () => {
    const seen = { sent: 10n, received: 7, duplicated: 0, corrupt: 3, tainted: 2n };
    const port = { execute: async () => seen } as never;
    const partners = linkPartners(port, linkedPair('ferronic'), never);
    expect(await partners?.counts(1)).to.deep.equal({
      ...{ sent: 10, received: 7, duplicated: 0 },
      corrupt: 1,
    });
    expect(linkPartners(port, linkedPair('e1000e'), never)).to.equal(undefined);
  });
});

describe('traffic with a second machine', () => {
  const silent: Options = {
    answers: [[/iperf3 -4 -c/, { stdout: 'iperf3: error - unable to connect\n' }]],
  };

  it('passes, whatever flows', async () => {
    for (const flow of ['ping', 'tcp', 'tcp-from-peer', 'udp', 'both-ways']) {
      const { end, happened } = await doStep('peer-traffic', {}, { flow });
      expect(end.kind, flow).to.equal('finished');
      expect(happened.includes('serving iperf3 on the other machine')).to.equal(flow !== 'ping');
    }
  });

  it('that cannot be had, while the driver moves packets, is no fault of the driver', async () => {
    const { end, happened } = await doStep('peer-traffic', silent, { flow: 'tcp' });
    expect(end).to.include({ kind: 'lab' });
    expect(end).to.have.property('problem').that.contains('unable to connect');
    expect(happened.filter((what) => /ping -q -i/.test(what))).to.have.length(3);
  });

  it('that cannot be had because the driver moves nothing is its fault', async () => {
    const dead = [/ping -q -i/, { stdout: '5 packets transmitted, 0 received' }] as const;
    const answers = [...(silent.answers ?? []), dead];
    const { end } = await doStep('peer-traffic', { answers }, { flow: 'udp' });
    expect(end).to.have.property('kind', 'wrong');
  });

  it('is the lab’s when the second machine fails, or is not there', async () => {
    const { end } = await doStep('peer-traffic', { trouble: 'it shows signs of a crash' });
    expect(end).to.include({ kind: 'lab' });
    const { end: without } = await doStep('peer-traffic', { without: ['peer'] });
    expect(without).to.include({ kind: 'refused' });
  });

  it('that comes back with another payload is held against the driver', async () => {
    const corrupted = '9 packets transmitted, 8 received, +1 corrupted, 0% packet loss';
    const answers = [[/10\.0\.0\.3/, { stdout: corrupted }]] as const;
    const { end } = await doStep('peer-traffic', { answers }, { flow: 'ping' });
    expect(end).to.include({
      kind: 'wrong',
      title: 'packets corrupted on their way through ferronic_c',
    });
  });
});

describe('traffic by profile', () => {
  async function pass(profile: TrafficProfile, options: Options = {}) {
    const { context, happened } = await ground(options);
    const traffic = { step: 'traffic', trafficMs: 1_200, profile } as const;
    return { end: await endOf(passTraffic(traffic, context)), happened };
  }

  for (const profile of trafficProfiles) {
    it(`is a script that the guest's shell can read: ${profile}`, async () => {
      expect((await pass(profile)).end.kind).to.equal('finished');
    });
  }

  it('differs from profile to profile', async () => {
    const scripts = await Promise.all(
      trafficProfiles.map(async (profile) => (await pass(profile)).happened.slice(1).join('\n')),
    );
    expect(new Set(scripts).size).to.equal(trafficProfiles.length);
  });

  it('finds long packets that come back with another payload', async () => {
    const corrupted = '9 packets transmitted, 9 received, +2 corrupted, 0% packet loss';
    const { end } = await pass('jumbo', { answers: [[/mtu 9000/, { stdout: corrupted }]] });
    expect(end).to.include({ kind: 'wrong' });
  });

  it('is an error of the test, and no pass, when nothing could be sent', async () => {
    const failed = { code: 1, stderr: 'the packet generator has sent nothing' };
    const { end } = await pass('imix', { answers: [[/lab-pktgen/, failed]] });
    expect(end).to.include({ kind: 'refused', said: 'the packet generator has sent nothing' });
  });
});
