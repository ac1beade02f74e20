// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { chooseProfile, chooseWorkload } from '../../lab/src/config/choose.ts';
import type {
  DriverConfig,
  TargetConfig,
  WorkloadConfig,
} from '../../lab/src/config/define-lab.ts';
import { e1000eTarget } from '../../lab/src/config/e1000e-target.ts';
import { faultsOf } from '../../lab/src/config/faults-of.ts';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import type { StepName } from '../../lab/src/config/step-names.ts';
import { workloadProblems } from '../../lab/src/config/workload-problems.ts';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { drawWorld, type WorldBase } from '../../lab/src/run/draw-world.ts';
import { drawStep } from '../../lab/src/run/workloads/planned-step.ts';

const usual: WorkloadConfig = ferronicTarget.workloads['traffic-churn'];
const module: DriverConfig = { module: 'x', language: 'c', source: '/x', defects: null };

/** The only problem that there is. */
function problem(steps: readonly StepName[], ground: Parameters<typeof workloadProblems>[1]) {
  const [first, ...others] = workloadProblems({ ...usual, steps }, ground);
  expect(others).to.deep.equal([]);
  return first;
}

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the workloads of the configuration', () => {
  const targets: Readonly<Record<string, TargetConfig>> = {
    ferronic: ferronicTarget,
    e1000e: e1000eTarget,
  };
  for (const [name, target] of Object.entries(targets)) {
    it(`can all be run on each driver of ${name}`, () => {
      for (const driver of Object.values(target.drivers)) {
        for (const workload of Object.keys(target.workloads)) {
          chooseWorkload(target, workload, { driver, mode: 'live' });
        }
        for (const workload of target.search ?? []) {
          chooseWorkload(target, workload, { driver, mode: 'sim' });
        }
      }
    });
  }

  it('with a second machine are refused in a simulated world, with the reason', () => {
    const { drivers } = ferronicTarget;
    const refused = refusalOf(() =>
      chooseWorkload(ferronicTarget, 'two-machines', { driver: drivers.c, mode: 'sim' }),
    );
    expect(refused).to.include({ code: 'BAD_WORKLOAD', exitStatus: 2 });
    expect(refused)
      .to.have.property('message')
      .that.contains('peer-traffic, which needs a second machine');
  });

  it('are refused for a device that cannot be told what a step needs', () => {
    const { device } = e1000eTarget;
    expect(problem(['surprise-removal'], { device })).to.contain('ferronic can and e1000e cannot');
    expect(problem(['generator'], { device })).to.contain('generator, which needs a device');
    const standing = { ...usual, deviceFaults: [{ kind: 'dead' }] } as const;
    expect(workloadProblems(standing, { device })[0]).to.contain('e1000e does not know');
  });

  it('are refused for a driver that has not said where its files are', () => {
    expect(problem(['proc-readers'], { driver: module })).to.contain('needs files.proc');
    expect(problem(['char-device'], { driver: module })).to.contain('needs files.char');
    const driver = { ...module, files: { proc: '/proc/x/{device}', char: '/dev/x*' } };
    expect(workloadProblems({ steps: ['proc-readers', 'char-device'] }, { driver })).to.deep.equal(
      [],
    );
  });

  it('are refused where they unload, or fail allocations of, what is built into the kernel', () => {
    const driver = { ...module, source: null };
    expect(problem(['bind-failing'], { driver })).to.contain('x is built into the kernel');
    const reload = { steps: ['unload', 'bind', 'open'] } as const;
    expect(workloadProblems(reload, { driver })[0]).to.contain('unloads x');
    expect(workloadProblems({ ...reload, leave: ['unbind'] }, { driver })).to.deep.equal([]);
    expect(workloadProblems(reload, { driver: module })).to.deep.equal([]);
  });
});

describe('what a workload says of a step', () => {
  const draws = (step: StepName, more: object) =>
    Array.from({ length: 20 }, (_, seed) =>
      drawStep(step, new SeededRandom(seed), { ...usual, ...more }),
    );

  it('decides which traffic is drawn, and leaves the length of it as it was', () => {
    const traffic = draws('traffic', { traffic: ['imix', 'tcp'] });
    expect(new Set(traffic.map((step) => 'profile' in step && step.profile))).to.deep.equal(
      new Set(['imix', 'tcp']),
    );
    const lengths = (steps: typeof traffic) =>
      steps.map((step) => 'trafficMs' in step && step.trafficMs);
    expect(lengths(traffic)).to.deep.equal(lengths(draws('traffic', {})));
    expect(draws('traffic', {})[0]).not.to.have.property('profile');
  });

  it('decides how the driver leaves its devices', () => {
    const ways = draws('unload', { leave: ['down'] });
    expect(ways).to.deep.equal(ways.map(() => ({ step: 'unload', how: 'down' })));
  });
});

describe('a profile of faults', () => {
  const live = { kernel: 'debug', mode: 'live' } as const;
  const broken: WorkloadConfig = ferronicTarget.workloads['broken-device'];

  it("called usual is the workload's own choice", () => {
    expect(chooseProfile(ferronicTarget, 'usual')).to.equal(undefined);
    expect(faultsOf(ferronicTarget, usual, 'usual', live)).to.deep.equal([
      'irq-storm',
      'link-flap',
      'alloc-failure',
    ]);
    expect(faultsOf(ferronicTarget, broken, 'usual', live)).to.include('device-fault');
  });

  it('replaces that choice', () => {
    expect(faultsOf(ferronicTarget, broken, 'none', live)).to.deep.equal([]);
    expect(faultsOf(ferronicTarget, usual, 'all', live)).to.deep.equal([...ferronicTarget.faults]);
  });

  it('has only what can be made there', () => {
    const fast = { kernel: 'fast', mode: 'live' } as const;
    expect(faultsOf(ferronicTarget, usual, 'no-memory', fast)).to.deep.equal([]);
    expect(faultsOf(e1000eTarget, usual, 'usual', fast)).to.deep.equal(['link-flap']);
    expect(faultsOf(e1000eTarget, usual, 'usual', { ...fast, mode: 'sim' })).to.deep.equal([]);
  });

  it('that is not there is answered with those that are', () => {
    const refused = refusalOf(() => chooseProfile(ferronicTarget, 'worst'));
    expect(refused).to.include({ code: 'UNKNOWN_PROFILE', exitStatus: 2 });
    expect(refused).to.have.property('remedy').that.contains('usual, none, broken-device');
  });

  it('decides the plan of a world, and nothing else in it', () => {
    const base: WorldBase = {
      artifacts: { qemu: 'a', kernel: 'b', initramfs: 'c', driver: 'd' },
      machine: { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' },
      target: 'ferronic',
      driver: { name: 'ferronic_c', defect: null },
      device: ferronicTarget.device,
      faults: ferronicTarget.faults,
      workloadName: 'traffic-churn',
      workload: { ...usual, deviceFaults: [{ kind: 'dead' }] },
      nics: ['nic0', 'nic1'],
    };
    const plain = drawWorld(base, 3);
    const none = drawWorld({ ...base, profileFaults: chooseProfile(ferronicTarget, 'none') }, 3);
    expect(plain.plan).not.to.deep.equal([]);
    expect(none.plan).to.deep.equal([]);
    expect(none.workload.params).not.to.have.property('deviceFaults');
    expect(none.workload.params.rounds).to.deep.equal(plain.workload.params.rounds);
  });
});
