// SPDX-License-Identifier: Apache-2.0

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadCatalogue } from '../../lab/src/defects/catalogue.ts';
import { ferrolabJson } from '../support/ferrolab.ts';

interface DefectDocument {
  readonly name: string;
  readonly c: {
    readonly compiles: boolean;
    readonly warnings: Readonly<Record<string, { readonly answer: string }>>;
    readonly caught: boolean | null;
    readonly title: string | null;
    readonly detector: string | null;
    readonly run: string | null;
    readonly seeds: number | null;
    readonly wallSeconds: number | null;
    readonly complaint: string | null;
  } | null;
}

interface ScoreboardDocument {
  readonly defects: readonly DefectDocument[];
  readonly complaints: readonly string[];
}

interface FindingsDocument {
  readonly patches: readonly {
    readonly name: string;
    readonly compiles: boolean;
    readonly title: string | null;
    readonly detector: string | null;
  }[];
}

const root = join(import.meta.dirname, '../..');
const catalogue = loadCatalogue(root);
/** Shows within seconds of every seed. */
const quick = 'irq-lock-left-held';

describe('lab defects', function () {
  this.timeout(1_200_000);
  let state: string;

  before(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-defects-'));
  });
  after(() => rmSync(state, { recursive: true, force: true }));

  async function defects<T = ScoreboardDocument>(...args: readonly string[]) {
    return await ferrolabJson<T>(['defects', ...args], {
      env: { LAB_STATE_DIR: state },
      timeoutMs: 1_100_000,
    });
  }

  it('has a patch for the C twin in every folder that applies and compiles', async () => {
    const { document } = await defects('--driver', 'c', '--stored', '--clean-minutes', '0');
    expect(document.defects.map(({ name }) => name)).to.deep.equal(
      catalogue.map(({ manifest }) => manifest.name),
    );
    for (const { name, c } of document.defects) {
      expect(c?.compiles, `${name}: ${c?.complaint}`).to.equal(true);
      expect(c?.warnings['smatch']?.answer, name).to.equal('not run');
    }
  });

  it('catches a mistake, says how, and does not run it again', async () => {
    const args = ['--only', quick, '--driver', 'c', '--clean-minutes', '0'];
    const first = await defects(...args);
    const [defect] = first.document.defects;
    expect(defect?.c).to.include({ caught: true, detector: 'lockdep', complaint: null });
    expect(defect?.c?.seeds).to.be.greaterThan(0);
    expect(first.exitCode).to.equal(0);
    const again = await defects(...args);
    expect(again.document.defects[0]?.c?.run).to.equal(defect?.c?.run);
    expect(again.document.defects[0]?.c?.wallSeconds).to.equal(defect?.c?.wallSeconds);
  });

  it('finds a mistake of which it knows nothing but the patch', async () => {
    const folder = join(state, 'unknown');
    mkdirSync(join(folder, 'x'), { recursive: true });
    cpSync(join(root, 'kernel-module/defects', quick, 'c.patch'), join(folder, 'x', 'c.patch'));
    const { exitCode, document } = await defects<FindingsDocument>('--from', folder);
    expect(document.patches).to.have.length(1);
    expect(document.patches[0]).to.include({ name: 'x', compiles: true, detector: 'lockdep' });
    expect(exitCode).to.equal(1);
  });
});
