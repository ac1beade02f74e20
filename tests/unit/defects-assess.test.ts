// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { assessC, assessRust } from '../../lab/src/defects/assess.ts';
import type { BuildReport } from '../../lab/src/defects/build-report.ts';
import { detectorNames, detectorOf } from '../../lab/src/defects/detector.ts';
import type { HuntResult } from '../../lab/src/defects/hunt.ts';
import type { Manifest, RustExpectation } from '../../lab/src/defects/manifest.ts';

const compiled: BuildReport = {
  compiles: true,
  problem: null,
  rustcErrors: [],
  compiler: { warned: 'no' },
  sparse: { warned: 'not run', why: 'absent' },
  smatch: { warned: 'not run', why: 'absent' },
};

const rejected: BuildReport = {
  ...compiled,
  compiles: false,
  rustcErrors: [
    { code: 'E0382', message: 'use of moved value', file: 'tx.rs', line: 186, text: 'send(frame)' },
  ],
};

const crashed: HuntResult = {
  outcome: 'crashed',
  crash: {
    title: 'KASAN: slab-use-after-free Read in ferronic_service',
    type: 'KASAN-USE-AFTER-FREE-READ',
    frame: 'ferronic_service',
    corrupted: false,
    family: 'kasan',
    runId: 'r',
    seed: 5,
    workload: 'traffic-churn',
  },
  note: null,
  seeds: 2,
  virtualMs: 9_000,
  wallMs: 60_000,
};

const quiet: HuntResult = { ...crashed, outcome: 'nothing-found', crash: null };

const manifest: Manifest = {
  name: 'work-uaf',
  class: 'use-after-free',
  summary: 's',
  standsFor: 'a',
  provokedBy: ['unload'],
  profile: { kind: 'named', name: 'traffic-churn' },
  crash: { title: /^KASAN: slab-use-after-free/, type: null, detectors: ['kasan'] },
  rust: null,
};

describe('a mistake in C', () => {
  it('is caught by a crash with the title and the detector that were expected', () => {
    expect(assessC(manifest, compiled, crashed)).to.deep.equal({ caught: true, complaint: null });
  });

  it('is not caught by another crash', () => {
    const expected = { ...manifest, crash: { ...manifest.crash, title: /^DMA-API/ } };
    const { caught, complaint } = assessC(expected, compiled, crashed);
    expect(caught).to.equal(false);
    expect(complaint).to.match(/another crash than expected: KASAN/);
  });

  it('is not caught as expected when another detector names it', () => {
    const expected: Manifest = {
      ...manifest,
      crash: { ...manifest.crash, detectors: ['kmemleak'] },
    };
    expect(assessC(expected, compiled, crashed).complaint).to.match(/named by kasan, and not by/);
  });

  it('is not caught when the budget ended first', () => {
    expect(assessC(manifest, compiled, quiet)).to.deep.equal({
      caught: false,
      complaint: 'nothing was found',
    });
  });

  it('is neither caught nor missed when it was not run, or the lab could not do it', () => {
    expect(assessC(manifest, compiled, null)).to.deep.equal({ caught: null, complaint: null });
    const note = 'there is no ethtool -G here';
    const unable: HuntResult = { ...quiet, outcome: 'no-answer', note };
    expect(assessC(manifest, compiled, unable)).to.deep.equal({ caught: null, complaint: note });
  });
});

describe('a mistake in Rust', () => {
  const rejection: RustExpectation = {
    outcome: 'rejected',
    codes: ['E0382'],
    at: { file: 'tx.rs', line: null, text: 'send(frame)' },
    why: null,
  };

  it('is rejected as expected by the right code at the right line', () => {
    expect(assessRust(rejection, rejected, null)).to.deep.equal({
      outcome: 'rejected',
      code: 'E0382',
      why: null,
      complaint: null,
    });
  });

  it('fails the expectation when the compiler gives another code, or one more', () => {
    const other = { ...rejection, codes: ['E0505'] };
    expect(assessRust(other, rejected, null).complaint).to.match(/with E0382, and not with E0505/);
    const [error] = rejected.rustcErrors;
    const typo = { ...error, code: 'E0425' } as (typeof rejected.rustcErrors)[number];
    const more = { ...rejected, rustcErrors: [...rejected.rustcErrors, typo] };
    expect(assessRust(rejection, more, null).complaint).to.match(/E0382, E0425/);
  });

  it('fails the expectation when the compiler points elsewhere', () => {
    const elsewhere: RustExpectation = {
      ...rejection,
      at: { file: 'tx.rs', line: 12, text: null },
    };
    expect(assessRust(elsewhere, rejected, null).complaint).to.match(
      /at tx.rs:186.*not at tx.rs:12/,
    );
  });

  it('fails the expectation when it compiles', () => {
    const { outcome, complaint } = assessRust(rejection, compiled, quiet);
    expect(outcome).to.equal('not-prevented');
    expect(complaint).to.equal('it compiles, and was to be rejected');
  });

  it('fails the expectation when it is rejected and was to compile', () => {
    const expected: RustExpectation = { outcome: 'not-prevented', why: 'a logic error' };
    expect(assessRust(expected, rejected, null)).to.include({ outcome: 'rejected', code: 'E0382' });
    expect(assessRust(expected, rejected, null).complaint).to.match(/was to be not-prevented/);
  });

  it('is not prevented when it compiles and nothing notices, and caught when something does', () => {
    const unnoticed: RustExpectation = { outcome: 'not-prevented', why: 'a logic error' };
    expect(assessRust(unnoticed, compiled, quiet)).to.include({
      outcome: 'not-prevented',
      complaint: null,
    });
    const caught: RustExpectation = { outcome: 'caught', crash: manifest.crash, why: null };
    expect(assessRust(caught, compiled, crashed)).to.include({
      outcome: 'caught',
      complaint: null,
    });
    expect(assessRust(unnoticed, compiled, crashed).complaint).to.match(/expected to go unnoticed/);
    expect(assessRust(caught, compiled, quiet).complaint).to.equal('nothing was found');
  });

  it('is not taken for rejected when something else than rustc fails', () => {
    const broken = { ...compiled, compiles: false, problem: 'it does not build: shim.c' };
    const { outcome, complaint } = assessRust(rejection, broken, null);
    expect(outcome).to.equal('unknown');
    expect(complaint).to.match(/shim.c/);
  });

  it('is inexpressible by its word alone, and unknown when nobody has tried', () => {
    const expected: RustExpectation = { outcome: 'inexpressible', why: 'no unlock to forget' };
    expect(assessRust(expected, null, null)).to.include({
      outcome: 'inexpressible',
      why: 'no unlock to forget',
      complaint: null,
    });
    expect(assessRust(null, null, null).outcome).to.equal('unknown');
  });
});

describe('detectors', () => {
  it('have every family of reports to themselves', () => {
    expect(detectorOf({ family: 'rcu-stall' })).to.equal('lockup');
    expect(detectorOf({ family: 'device-contract' })).to.equal('device-contract');
    expect(detectorOf({ family: 'nothing-of-the-kind' })).to.equal(null);
    expect(detectorOf({})).to.equal(null);
    expect(new Set(detectorNames).size).to.equal(detectorNames.length);
  });
});
