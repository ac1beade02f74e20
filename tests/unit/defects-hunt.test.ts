// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { type Hunt, HuntLog, type HuntResult } from '../../lab/src/defects/hunt.ts';
import { HuntStore } from '../../lab/src/defects/stored-hunt.ts';
import { emptyTally } from '../../lab/src/fault-tally.ts';
import { stateDirectory } from '../../lab/src/store/state-directory.ts';
import type { Verdict } from '../../lab/src/verdict.ts';

const ended = { interrupted: false, gaveUp: null, deadFaults: [] };

function verdict(outcome: Verdict['outcome'], workload = 'a', title?: string): Verdict {
  return {
    version: 1,
    runId: `run-${outcome}`,
    campaignId: 'c',
    cycle: 0,
    attempt: 0,
    canary: false,
    host: 'lab-1',
    worldId: 'w',
    cell: {
      target: 'ferronic',
      driver: 'ferronic_c',
      defect: 'd',
      kernel: 'debug',
      mode: 'live',
      accel: 'tcg',
      profile: 'usual',
      workload,
    },
    seed: 7,
    outcome,
    reason: 'there is no ethtool -G here',
    crashes:
      title === undefined
        ? []
        : [{ title, type: 'LEAK', frame: null, corrupted: false, family: 'kmemleak' }],
    exposure: { wallMs: 1_000, virtualMs: outcome === 'MISS' ? 0 : 2_000 },
    faults: emptyTally,
    phasesMs: {},
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:01:00Z',
  };
}

describe('a hunt', () => {
  it('ends at the first crash, and counts the seeds and the time up to it', () => {
    const log = new HuntLog(['a']);
    log.add(verdict('PASS'));
    log.add(verdict('MISS'));
    expect(log.over.aborted).to.equal(false);
    log.add(verdict('FAIL', 'a', 'memory leak in f'));
    expect(log.over.aborted).to.equal(true);
    // What another worker was at was cut short.
    log.add(verdict('PASS'));
    const result = log.result(ended);
    expect(result).to.include({ outcome: 'crashed', seeds: 2, virtualMs: 4_000 });
    expect(result.crash).to.include({ title: 'memory leak in f', seed: 7, runId: 'run-FAIL' });
  });

  it('finds nothing only when it tested something', () => {
    const log = new HuntLog(['a']);
    expect(log.result(ended).outcome).to.equal('no-answer');
    log.add(verdict('PASS'));
    expect(log.result(ended)).to.include({ outcome: 'nothing-found', note: null });
    expect(log.result({ ...ended, interrupted: true }).outcome).to.equal('interrupted');
  });

  it('finds nothing only when a run reached the end, if that is where the driver is checked', () => {
    const log = new HuntLog(['a'], new Set(['a']));
    log.add({ ...verdict('PASS'), reason: 'cut short by the budget' });
    expect(log.result(ended).outcome).to.equal('no-answer');
    expect(log.result(ended).note).to.match(/no run came to its end/);
    log.add({ ...verdict('PASS'), reason: 'workload finished' });
    expect(log.result(ended)).to.include({ outcome: 'nothing-found', note: null, seeds: 2 });
  });

  it('has no answer when the lab gave up or the injection was dead', () => {
    const log = new HuntLog(['a']);
    log.add(verdict('PASS'));
    expect(log.result({ ...ended, gaveUp: 'no disk' })).to.include({
      outcome: 'no-answer',
      note: 'no disk',
    });
    expect(log.result({ ...ended, deadFaults: ['irq-storm'] }).note).to.match(/irq-storm/);
  });

  it('gives a workload up that cannot be done, and takes the others in turn', () => {
    const log = new HuntLog(['a', 'b', 'c']);
    expect([log.nextWorkload(), log.nextWorkload(), log.nextWorkload()].join('')).to.equal('abc');
    log.add(verdict('ERROR', 'b'));
    log.add(verdict('ERROR', 'b'));
    const next = new Set(Array.from({ length: 6 }, () => log.nextWorkload()));
    expect([...next].sort().join('')).to.equal('ac');
    log.add(verdict('PASS', 'a'));
    expect(log.result(ended)).to.include({
      outcome: 'nothing-found',
      note: 'b: there is no ethtool -G here',
    });
  });

  it('is over without an answer when no workload can be done', () => {
    const log = new HuntLog(['a']);
    log.add(verdict('ERROR'));
    log.add(verdict('ERROR'));
    expect(log.over.aborted).to.equal(true);
    expect(log.result(ended)).to.include({
      outcome: 'no-answer',
      note: 'a: there is no ethtool -G here',
    });
  });
});

describe('stored results of hunts', () => {
  let folder: string;
  let store: HuntStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-hunts-'));
    store = new HuntStore(stateDirectory({ LAB_STATE_DIR: folder }), projectRoot());
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const request: Hunt = {
    driverName: 'c',
    driver: ferronicTarget.drivers.c,
    defect: 'work-uaf',
    target: ferronicTarget,
    targetName: 'ferronic',
    profiles: { 'traffic-churn': ferronicTarget.workloads['traffic-churn'] },
    parts: {
      hashes: { qemu: 'q', kernel: 'k', initramfs: 'i', driver: 'd' },
      qemu: { toolchainRoot: '/t', dir: '/q' },
      vmlinux: '/k',
      initramfs: '/i',
      sshInitramfs: '/s',
      archives: [],
      credentials: { privateKey: '', hostKey: '' } as never,
      modules: {},
    },
    accel: 'tcg',
    seed: 1,
    workers: 1,
    budgetMs: 600_000,
  };
  const result: HuntResult = {
    outcome: 'nothing-found',
    crash: null,
    note: null,
    seeds: 9,
    virtualMs: 1,
    wallMs: 600_000,
  };

  it('are found again, whatever the number of workers', async () => {
    await store.keep(request, result);
    expect(store.find(request)?.result).to.deep.equal(result);
    expect(store.find({ ...request, workers: 2 } as Hunt)?.result).to.deep.equal(result);
  });

  it('are not taken for an answer when anything that went in is another', async () => {
    await store.keep(request, result);
    const { parts } = request;
    for (const part of ['qemu', 'kernel', 'initramfs', 'driver'] as const) {
      const other = { ...parts, hashes: { ...parts.hashes, [part]: 'other' } };
      expect(store.find({ ...request, parts: other }), part).to.equal(undefined);
    }
    expect(store.find({ ...request, seed: 2 })).to.equal(undefined);
    expect(store.find({ ...request, accel: 'kvm' })).to.equal(undefined);
    const profiles = { 'traffic-churn': ferronicTarget.workloads.rings };
    expect(store.find({ ...request, profiles })).to.equal(undefined);
  });

  it('that found nothing answer no longer hunt, and those that crashed answer every one', async () => {
    await store.keep(request, result);
    expect(store.find({ ...request, budgetMs: 900_000 })).to.equal(undefined);
    expect(store.find({ ...request, budgetMs: 60_000 })?.result.seeds).to.equal(9);
    await store.keep(request, { ...result, outcome: 'crashed' });
    expect(store.find({ ...request, budgetMs: 900_000 })?.result.outcome).to.equal('crashed');
  });

  it('are not kept of hunts that were interrupted or had no answer', async () => {
    await store.keep(request, { ...result, outcome: 'interrupted' });
    await store.keep(request, { ...result, outcome: 'no-answer' });
    expect(store.find(request)).to.equal(undefined);
  });
});
