// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { canonicalJson } from '../../lab/src/run/canonical-json.ts';
import { drawWorld, type WorldBase } from '../../lab/src/run/draw-world.ts';
import { parseUptime } from '../../lab/src/run/guest-clock.ts';
import { PhraseCounter } from '../../lab/src/run/phrase-counter.ts';
import { parsePing } from '../../lab/src/run/ping.ts';
import { worldId } from '../../lab/src/run/world.ts';

const base: WorldBase = {
  artifacts: { qemu: 'sha256:1', kernel: 'sha256:2', initramfs: 'sha256:3', driver: 'sha256:4' },
  machine: { cpus: 2, memoryMiB: 512, mode: 'live', accel: 'tcg', kernel: 'debug' },
  target: 'ferronic',
  driver: { name: 'ferronic_c', defect: null },
  device: ferronicTarget.device,
  faults: ferronicTarget.faults,
  workloadName: 'traffic-churn',
  workload: ferronicTarget.workloads['traffic-churn'],
  nics: ['nic0', 'nic1'],
};

describe('a world', () => {
  it('is drawn from its seed alone', () => {
    expect(drawWorld(base, 5)).to.deep.equal(drawWorld(base, 5));
    expect(worldId(drawWorld(base, 5))).not.to.equal(worldId(drawWorld(base, 6)));
  });

  it('has an id that does not depend on the order of its keys', () => {
    const world = drawWorld(base, 5);
    const reversed = Object.fromEntries(Object.entries(world).reverse()) as unknown as typeof world;
    expect(worldId(reversed)).to.equal(worldId(world));
  });

  it('survives a trip through JSON with its id', () => {
    const world = drawWorld(base, 7);
    expect(worldId(JSON.parse(JSON.stringify(world)))).to.equal(worldId(world));
  });

  it('has another id when anything in it changes', () => {
    const world = drawWorld(base, 5);
    const other = { ...world, machine: { ...world.machine, cpus: 3 } };
    expect(worldId(other)).not.to.equal(worldId(world));
  });
});

describe('canonical JSON', () => {
  it('sorts keys at every depth, keeps the order of lists, leaves out undefined', () => {
    const value = { b: [2, 1, { d: null, c: 'x' }], a: undefined };
    expect(canonicalJson(value)).to.equal('{"b":[2,1,{"c":"x","d":null}]}');
  });

  it('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).to.throw(TypeError);
  });
});

describe('guest output', () => {
  it('of ping is summed over all summaries, corrupted answers included', () => {
    const text = [
      '10 packets transmitted, 9 received, +2 corrupted, 10% packet loss, time 5ms',
      '5 packets transmitted, 5 received, 0% packet loss, time 3ms',
    ].join('\n');
    expect(parsePing(text)).to.deep.equal({ sent: 15, received: 14, corrupted: 2 });
  });

  it('of /proc/uptime is read in milliseconds', () => {
    expect(parseUptime('25.31 40.10\n')).to.equal(25_310);
    expect(parseUptime('garbage')).to.equal(undefined);
  });

  it('is searched for a phrase across the borders of chunks, each counted once', () => {
    const counter = new PhraseCounter('FAULT');
    for (const piece of ['..FAU', 'LT..FAULT', 'FAULTF', 'AULT', 'FAUL']) {
      counter.push(Buffer.from(piece));
    }
    expect(counter.count).to.equal(4);
  });
});
