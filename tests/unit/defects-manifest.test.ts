// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import type { WorkloadConfig } from '../../lab/src/config/define-lab.ts';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { workloadProblems } from '../../lab/src/config/workload-problems.ts';
import { loadCatalogue, loadChosenDefects } from '../../lab/src/defects/catalogue.ts';
import { checkProfiles } from '../../lab/src/defects/catalogue-run.ts';
import { parseManifest } from '../../lab/src/defects/manifest.ts';
import { loadPatchFolder } from '../../lab/src/defects/patch-folder.ts';
import { LabError } from '../../lab/src/errors.ts';

const valid = {
  name: 'work-uaf',
  class: 'use-after-free',
  summary: 'remove frees the data first',
  standsFor: 'the article',
  provokedBy: ['unload', 'irq-storm'],
  detectors: ['kasan'],
  expect: { title: '^KASAN: slab-use-after-free' },
};

function problemsOf(manifest: unknown): string[] {
  const problems: string[] = [];
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  const parsed = parseManifest(text, 'm', problems);
  expect(parsed === null).to.equal(problems.length > 0);
  return problems;
}

function failureOf(act: () => unknown): LabError {
  try {
    act();
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the manifest of a defect', () => {
  it('is read with the usual workload unless it names one', () => {
    const problems: string[] = [];
    const manifest = parseManifest(JSON.stringify(valid), 'm', problems);
    expect(problems).to.deep.equal([]);
    expect(manifest?.profile).to.deep.equal({ kind: 'named', name: 'traffic-churn' });
    expect(manifest?.rust).to.equal(null);
    expect(manifest?.crash.title.test('KASAN: slab-use-after-free Read in f')).to.equal(true);
  });

  it('may bring a workload of its own', () => {
    const profile = { steps: ['traffic', 'ring-resize'], faults: [], atEnd: ['kmemleak'] };
    expect(problemsOf({ ...valid, profile })).to.deep.equal([]);
  });

  it('may ask for faults of the device, whose members it leaves to QEMU', () => {
    const fault = { kind: 'rx-length-too-long', trigger: { when: 'random', ppm: 2_000 } };
    const profile = { steps: ['traffic'], deviceFaults: [fault] };
    const problems: string[] = [];
    const text = JSON.stringify({ ...valid, provokedBy: ['rx-length-too-long'], profile });
    const manifest = parseManifest(text, 'm', problems);
    expect(problems).to.deep.equal([]);
    expect(manifest?.profile).to.have.deep.property('deviceFaults', [fault]);
  });

  const mistakes: readonly (readonly [what: string, manifest: unknown, complaint: RegExp])[] = [
    ['no JSON', '{', /^m: is not JSON/],
    ['a list', [], /^m is not an object/],
    ['nothing in it', {}, /^m: name is missing/],
    ['an empty text', { ...valid, class: ' ' }, /class must be text/],
    ['an unknown step', { ...valid, provokedBy: ['prayer'] }, /"prayer".*none of traffic/],
    ['an unknown detector', { ...valid, detectors: ['luck'] }, /"luck".*none of kasan/],
    ['a step twice', { ...valid, provokedBy: ['unload', 'unload'] }, /"unload" twice/],
    ['a title that is no pattern', { ...valid, expect: { title: '(' } }, /m: expect: title/],
    ['a member nobody knows', { ...valid, titel: 'x' }, /m: titel means nothing here/],
    [
      'a round that unloads and does not bind',
      { ...valid, profile: { steps: ['traffic', 'unload'] } },
      /unload, bind and open/,
    ],
    [
      'an unknown fault of the device',
      { ...valid, profile: { steps: ['traffic'], deviceFaults: [{ kind: 'smoke' }] } },
      /profile: deviceFaults\[0\]: kind must be one of irq-spurious/,
    ],
    [
      'an unknown outcome',
      { ...valid, rust: { outcome: 'maybe' } },
      /rust: outcome must be one of/,
    ],
    ['a rejection without codes', { ...valid, rust: { outcome: 'rejected' } }, /codes is missing/],
    ['no reason', { ...valid, rust: { outcome: 'inexpressible' } }, /why is missing/],
    [
      'a place that names no line',
      { ...valid, rust: { outcome: 'rejected', codes: ['E0382'], at: { file: 'tx.rs' } } },
      /rust: at: line is missing, and so is text/,
    ],
    [
      'a reason where there is an expectation to give',
      { ...valid, rust: { outcome: 'not-prevented', why: 'logic', codes: ['E0382'] } },
      /codes means nothing here/,
    ],
  ];
  for (const [what, manifest, complaint] of mistakes) {
    it(`is refused when it is or has ${what}`, () => {
      expect(problemsOf(manifest).join('\n')).to.match(complaint);
    });
  }
});

describe('the catalogue of defects', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ferrolab-catalogue-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function put(path: string, content: unknown): void {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  const at = (name: string, file: string) => `kernel-module/defects/${name}/${file}`;

  it('of this checkout is whole, and every defect in it has a workload that provokes it', () => {
    const catalogue = loadCatalogue(projectRoot());
    expect(catalogue.length).to.be.greaterThan(0);
    checkProfiles(catalogue, ferronicTarget);
  });

  it('is refused with every mistake in it at once', () => {
    put(at('one', 'manifest.json'), { ...valid, name: 'two' });
    put(at('one', 'c.patch'), '');
    put(at('three', 'c.patch'), '');
    put(at('four', 'manifest.json'), { ...valid, name: 'four' });
    const failure = failureOf(() => loadCatalogue(root));
    expect(failure).to.include({ code: 'BAD_CATALOGUE', exitStatus: 2 });
    expect(failure.message).to.contain('one/manifest.json: name is "two"');
    expect(failure.message).to.contain('three/manifest.json is missing');
    expect(failure.message).to.contain('four/c.patch is missing');
  });

  const inRust: readonly (readonly [what: string, rust: unknown, patch: boolean, RegExp])[] = [
    ['a patch and no word on it', undefined, true, /rust is missing, and there is a rust.patch/],
    [
      'no patch that is rejected',
      { outcome: 'rejected', codes: ['E0382'] },
      false,
      /no rust.patch/,
    ],
    [
      'a patch for what cannot be said',
      { outcome: 'inexpressible', why: 'x' },
      true,
      /expresses it/,
    ],
  ];
  for (const [what, rust, patch, complaint] of inRust) {
    it(`is refused when it has ${what}`, () => {
      put(at('one', 'manifest.json'), { ...valid, name: 'one', rust });
      put(at('one', 'c.patch'), '');
      if (patch) put(at('one', 'rust.patch'), '');
      expect(failureOf(() => loadCatalogue(root)).message).to.match(complaint);
    });
  }

  it('is refused when a workload does not do what provokes the defect', () => {
    put(at('one', 'manifest.json'), { ...valid, name: 'one', provokedBy: ['ring-resize'] });
    put(at('one', 'c.patch'), '');
    const failure = failureOf(() => checkProfiles(loadCatalogue(root), ferronicTarget));
    expect(failure).to.include({ code: 'BAD_CATALOGUE', exitStatus: 2 });
    expect(failure.message).to.contain('one is provoked by ring-resize');
  });

  it('is read no further than the defects that were chosen', () => {
    put(at('one', 'manifest.json'), { ...valid, name: 'one' });
    put(at('one', 'c.patch'), '');
    put(at('unfinished', 'c.patch'), '');
    const chosen = loadChosenDefects(root, ['one']);
    expect(chosen.map(({ manifest }) => manifest.name)).to.deep.equal(['one']);
    const failure = failureOf(() => loadChosenDefects(root, ['one', 'unfinished']));
    expect(failure.message).to.contain('unfinished/manifest.json is missing');
  });

  it('answers an unknown name with those that exist', () => {
    const failure = failureOf(() => loadChosenDefects(projectRoot(), ['nope']));
    expect(failure).to.include({ code: 'UNKNOWN_DEFECT', exitStatus: 2 });
    expect(failure.remedy).to.contain('work-uaf');
  });

  it('is not needed for a folder of patches, whose driver is told by the files they touch', () => {
    put('x/c.patch', '--- a/ferronic_main.c\n+++ b/ferronic_main.c\n');
    put('x/deep/rust.patch', '--- a/tx.rs\n+++ b/tx.rs\n');
    put('plain.diff', '--- a/kernel-module/c/ferronic.h\n+++ b/kernel-module/c/ferronic.h\n');
    put('notes.txt', 'no patch');
    const found = loadPatchFolder(root).map(({ name, driver }) => [name, driver]);
    expect(found).to.deep.equal([
      ['plain', 'c'],
      ['x', 'c'],
      ['x-deep-rust', 'rust'],
    ]);
  });

  it('is a usage error where there is no patch, or something else under that name', () => {
    expect(failureOf(() => loadPatchFolder(root))).to.include({
      code: 'NO_PATCHES',
      exitStatus: 2,
    });
    put('a.patch', 'hello');
    expect(failureOf(() => loadPatchFolder(root))).to.include({
      code: 'NOT_A_PATCH',
      exitStatus: 2,
    });
  });

  it('has only workloads in the target whose steps fit together', () => {
    const workloads: Record<string, WorkloadConfig> = ferronicTarget.workloads;
    for (const [name, workload] of Object.entries(workloads)) {
      expect(workloadProblems(workload), name).to.deep.equal([]);
    }
  });
});
