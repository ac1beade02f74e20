// SPDX-License-Identifier: Apache-2.0

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

interface RunDocument {
  readonly world: string;
  readonly run: string;
  readonly verdict: string;
  readonly consoleSha256: string;
  readonly virtualNs: number;
  readonly instructions: number;
}

interface Reached {
  readonly reached: number;
  readonly all: number;
}

interface Coverage {
  readonly functions: Reached;
  readonly branches: Reached;
}

interface Minimized {
  readonly title: string;
  readonly after: { readonly faults: number; readonly steps: number; readonly schedule: string };
}

const dir = scratchFolder('sim');
const options = { env: { LAB_STATE_DIR: join(dir, 'state') }, timeoutMs: 600_000 };

const reload = [
  { step: 'traffic', trafficMs: 1_000 },
  { step: 'unload', how: 'rmmod' },
  { step: 'bind' },
  { step: 'open' },
];

/** A world with a little traffic, whose module comes and goes. */
function world(seed: number, policy: object, steps: readonly object[] = reload): string {
  const path = join(dir, `world-${seed}.json`);
  const params = { churnMs: 60_000, payloadBytes: 1_000, rounds: [{ steps }], atEnd: [] };
  const content = {
    version: 1,
    machine: { cpus: 2, memoryMiB: 256, mode: 'sim', kernel: 'fast' },
    target: 'ferronic',
    driver: { name: 'ferronic_c', defect: null },
    workload: { name: 'traffic-churn', params },
    plan: [
      {
        at: { ns: 100_000_000, round: 0, phase: 'traffic' },
        fault: { type: 'link-flap', nic: 'nic0', downNs: 20_000_000, count: 2 },
      },
    ],
    seed,
    schedule: policy,
  };
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function run(path: string, ...more: readonly string[]): Promise<RunDocument> {
  const args = ['run', path, ...more];
  const { exitCode, document, said } = await ferrolabJson<RunDocument>(args, options);
  expect(exitCode, said).to.equal(0);
  expect(document.verdict).to.equal('PASS');
  return document;
}

/** A run of a world whose QEMU is killed as soon as its device has logged something. */
async function killedWhenReported(path: string, time: number) {
  const state = join(dir, `killed-${time}`);
  mkdirSync(state);
  let over = false;
  const running = ferrolabJson<RunDocument & { readonly reason: string }>(['run', path], {
    ...options,
    env: { LAB_STATE_DIR: state },
  }).finally(() => {
    over = true;
  });
  const logs = () =>
    readdirSync(state, { recursive: true, encoding: 'utf8' })
      .filter((name) => /nic\d\.ndjson$/.test(name))
      .map((name) => join(state, name));
  let watched: readonly string[] = [];
  while (!over && watched.length === 0) {
    await delay(5);
    watched = logs();
  }
  const qemus = qemuProcesses(join(state, 'runs'));
  while (!over && watched.every((log) => statSync(log).size === 0)) await immediate();
  for (const pid of qemus) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was quicker.
    }
  }
  return await running;
}

describe('a simulated world', function () {
  this.timeout(1_200_000);

  for (const policy of [
    { policy: 'random', sliceMax: 20_000, irqDelayMax: 1_000 },
    { policy: 'pct', depth: 3, horizon: 500_000_000 },
  ]) {
    it(`runs the same every time with the policy ${policy.policy}, and otherwise with another seed`, async () => {
      const first = await run(world(1, policy));
      const { world: id, consoleSha256, virtualNs, instructions } = await run(world(1, policy));
      expect({ id, consoleSha256, virtualNs, instructions }).to.deep.equal({
        id: first.world,
        consoleSha256: first.consoleSha256,
        virtualNs: first.virtualNs,
        instructions: first.instructions,
      });
      const other = await run(world(2, policy));
      expect(other.instructions).to.not.equal(first.instructions);
    });
  }

  for (const policy of [
    { policy: 'fair' },
    { policy: 'random', sliceMax: 20_000, irqDelayMax: 1_000 },
    { policy: 'random', sliceMax: 5_000, from: 100_000_000, until: 300_000_000 },
    { policy: 'pct', depth: 20, horizon: 500_000_000 },
  ]) {
    it(`runs the same when its turns are written down: ${JSON.stringify(policy)}`, async () => {
      const listed = join(dir, 'listed.json');
      const first = await run(world(1, policy), '--as-list', listed);
      const again = await run(listed);
      expect(JSON.parse(readFileSync(listed, 'utf8')).schedule.policy).to.equal('list');
      expect(again.consoleSha256).to.equal(first.consoleSha256);
      expect(again.instructions).to.equal(first.instructions);
    });
  }

  it('does the same when its card is taken out of the slot, and put back', async () => {
    const steps = [{ step: 'surprise-removal', device: 0, deadMs: 300 }];
    const path = world(8, { policy: 'random', sliceMax: 20_000 }, steps);
    const first = await run(path);
    const again = await run(path);
    expect(again.consoleSha256).to.equal(first.consoleSha256);
    expect(again.instructions).to.equal(first.instructions);
  });

  it('tells of a driver of which something is reported as soon as it is loaded', async () => {
    const path = world(9, { policy: 'random', sliceMax: 20_000 });
    const crashing = JSON.parse(readFileSync(path, 'utf8'));
    crashing.driver.defect = 'irq-before-rings';
    writeFileSync(path, JSON.stringify(crashing));
    const runs = [];
    let id = '';
    for (let time = 0; time < 2; time += 1) {
      const { exitCode, document } = await ferrolabJson<RunDocument & { readonly title: string }>(
        ['run', path],
        options,
      );
      expect(exitCode).to.equal(1);
      expect(document.title).to.contain('interrupt enabled before its rings');
      // Nobody has to wait for the end of its minute of traffic.
      expect(document.virtualNs).to.be.below(10e9);
      runs.push([document.consoleSha256, document.instructions]);
      id = document.run;
    }
    expect(runs[1]).to.deep.equal(runs[0]);
    // The place is that of the register access which the device complained of.
    const { stdout, stderr } = await startFerrolab(['repro', id, '--before', '1insn'], options);
    expect(stderr).to.match(/on vCPU \d/);
    expect(stdout).to.contain('ferronic_');
  });

  it('says nothing of its driver when QEMU is killed, whatever was seen until then', async () => {
    const path = world(10, { policy: 'random', sliceMax: 20_000 });
    const crashing = JSON.parse(readFileSync(path, 'utf8'));
    crashing.driver.defect = 'irq-before-rings';
    writeFileSync(path, JSON.stringify(crashing));
    // It ends by itself soon after its device has complained: a kill may come too late.
    const verdicts: string[] = [];
    while (!verdicts.includes('MISS') && verdicts.length < 10) {
      const { exitCode, document } = await killedWhenReported(path, verdicts.length);
      verdicts.push(document.verdict);
      if (document.verdict === 'MISS') {
        expect(document.reason).to.contain('QEMU was killed');
        expect(exitCode).to.equal(3);
      }
    }
    expect(verdicts).to.include('MISS');
  });

  it('comes back by the id of its run', async () => {
    const { run: id } = await run(world(3, { policy: 'fair' }));
    const { exitCode, document } = await ferrolabJson<{ identical: boolean }>(
      ['repro', id],
      options,
    );
    expect(document.identical).to.equal(true);
    expect(exitCode).to.equal(0);
  });

  it('comes back from one file, where nothing is known of its run', async () => {
    const { run: id } = await run(world(7, { policy: 'random', sliceMax: 20_000 }));
    const bundle = join(dir, 'crash.tar.zst');
    const packed = await startFerrolab(['repro', id, '--bundle', bundle], options);
    expect(packed.exitCode, packed.stderr).to.equal(0);
    const elsewhere = { ...options, env: { LAB_STATE_DIR: join(dir, 'elsewhere') } };
    const { document } = await ferrolabJson<{ identical: boolean }>(['repro', bundle], elsewhere);
    expect(document.identical).to.equal(true);
    truncateSync(bundle, 300);
    const cut = await startFerrolab(['repro', bundle], elsewhere);
    expect(cut.exitCode).to.equal(2);
    expect(cut.stderr).to.contain('cannot be unpacked');
  });

  it('is not changed by who watches what its driver executes', async () => {
    const path = world(4, { policy: 'random', sliceMax: 20_000 });
    const plain = await run(path);
    const { document } = await ferrolabJson<RunDocument & { readonly coverage: Coverage }>(
      ['run', path, '--coverage'],
      options,
    );
    expect(document.consoleSha256).to.equal(plain.consoleSha256);
    expect(document.instructions).to.equal(plain.instructions);
    const { functions, branches } = document.coverage;
    expect(functions.reached).to.be.within(40, functions.all);
    expect(branches.reached).to.be.within(100, branches.all - 1);
  });

  it('stops anywhere, and says where its vCPUs are', async () => {
    const path = world(5, { policy: 'fair' });
    const { exitCode, stdout, stderr } = await startFerrolab(
      ['repro', path, '--at', '100000000'],
      options,
    );
    expect(exitCode, stderr).to.equal(0);
    expect(stdout)
      .to.match(/Thread 1\.1 \(CPU#0/)
      .and.to.match(/Thread 1\.2 \(CPU#1/);
    const past = await startFerrolab(['repro', path, '--at', '100000000000'], options);
    expect(past.exitCode).to.equal(3);
    expect(past.stderr).to.contain('the run ended before that');
  });

  it('becomes as small as its crash allows', async () => {
    const path = world(6, { policy: 'random', sliceMax: 20_000 });
    const crashing = JSON.parse(readFileSync(path, 'utf8'));
    crashing.driver.defect = 'rx-length-trusted';
    const tooLong = { kind: 'rx-length-too-long', excess: 4_000, times: 1_000 };
    crashing.plan.push({
      at: { ns: 200_000_000, round: 0, phase: 'traffic' },
      fault: {
        type: 'device-fault',
        nic: 'nic0',
        fault: { ...tooLong, trigger: { when: 'random', ppm: 20_000 } },
      },
    });
    writeFileSync(path, JSON.stringify(crashing));
    const output = join(dir, 'minimized.json');
    const { exitCode, document, said } = await ferrolabJson<Minimized>(
      ['minimize', path, '-o', output],
      options,
    );
    expect(exitCode, said).to.equal(0);
    expect(document.title).to.equal('kernel BUG in ferronic_rx_poll');
    expect(document.after).to.include({ faults: 1, steps: 1, schedule: 'fair' });
    const again = await ferrolabJson<{ title: string }>(['run', output], options);
    expect(again.document.title).to.equal(document.title);
  });
});
