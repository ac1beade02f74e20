// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import type { BuildReport } from '../../lab/src/defects/build-report.ts';
import type { HuntResult } from '../../lab/src/defects/hunt.ts';
import type { Manifest } from '../../lab/src/defects/manifest.ts';
import { findingsDocument, findingsExitStatus } from '../../lab/src/defects/patch-run.ts';
import {
  type CScore,
  type RustScore,
  type Scoreboard,
  scoreboardDocument,
  scoreboardExitStatus,
} from '../../lab/src/defects/scoreboard.ts';
import { namesInPage, scoreboardMarkdown } from '../../lab/src/defects/scoreboard-page.ts';
import { findingsText, scoreboardText } from '../../lab/src/defects/scoreboard-text.ts';
import type { StoredHunt } from '../../lab/src/defects/stored-hunt.ts';

const build: BuildReport = {
  compiles: true,
  problem: null,
  rustcErrors: [],
  compiler: { warned: 'no' },
  sparse: { warned: 'yes', complaints: [{ file: 'a.c', message: 'context imbalance' }] },
  smatch: { warned: 'not run', why: 'no package' },
};

const rejection: BuildReport = {
  ...build,
  compiles: false,
  rustcErrors: [{ code: 'E0382', message: 'm', file: 'tx.rs', line: 3, text: 'drop(x)' }],
};

const title = 'KASAN: slab-use-after-free Read in f';

function huntThat(outcome: HuntResult['outcome'], defect: string | null): StoredHunt {
  const crash = {
    title,
    type: 'KASAN-USE-AFTER-FREE-READ',
    frame: 'f',
    corrupted: false,
    family: 'kasan',
    runId: 'run-1',
    seed: 5,
    workload: 'traffic-churn',
  };
  return {
    version: 1,
    key: 'k',
    artifacts: { qemu: 'sha256:q', kernel: 'sha256:k', initramfs: 'sha256:i', driver: 'sha256:d' },
    driver: 'ferronic_c',
    defect,
    profiles: ['traffic-churn'],
    accel: 'tcg',
    seed: 1,
    budgetMs: 600_000,
    endedAt: '2026-11-21T05:00:00.000Z',
    result: {
      outcome,
      crash: outcome === 'crashed' ? crash : null,
      note: outcome === 'no-answer' ? 'there is no ethtool -G here' : null,
      seeds: 2,
      virtualMs: 9_000,
      wallMs: 61_500,
    },
  };
}

const manifest: Manifest = {
  name: 'work-uaf',
  class: 'use-after-free',
  summary: 'remove frees | the data first',
  standsFor: 'the article.',
  provokedBy: ['unload'],
  profile: { kind: 'named', name: 'traffic-churn' },
  crash: { title: /./, type: null, detectors: ['kasan'] },
  rust: null,
};

function cScore(hunt: StoredHunt | null, change: Partial<CScore> = {}): CScore {
  return { build, hunt, caught: hunt?.result.crash != null, complaint: null, ...change };
}

const rustScore: RustScore = {
  build: rejection,
  hunt: null,
  outcome: 'rejected',
  code: 'E0382',
  why: 'a frame has one owner',
  complaint: null,
};

function board(change: Partial<Scoreboard> = {}): Scoreboard {
  return {
    rows: [
      {
        manifest,
        profile: 'traffic-churn',
        c: cScore(huntThat('crashed', 'work-uaf')),
        rust: rustScore,
      },
    ],
    clean: [
      { driver: 'c', profile: 'traffic-churn', hunt: huntThat('nothing-found', null) },
      { driver: 'rust', profile: 'traffic-churn', hunt: null },
    ],
    seed: 1,
    budgetMs: 600_000,
    interrupted: false,
    ...change,
  };
}

const blamed = { driver: 'c', profile: 'traffic-churn', hunt: huntThat('crashed', null) };

describe('the scoreboard', () => {
  it('has a document with what scripts look for', () => {
    const { defects, clean, complaints } = scoreboardDocument(board());
    const [defect] = defects;
    expect(defect).to.include({ name: 'work-uaf', class: 'use-after-free' });
    expect(defect?.c).to.include({
      compiles: true,
      warned: true,
      caught: true,
      title,
      detector: 'KASAN',
      seeds: 2,
      wallSeconds: 61.5,
      virtualSeconds: 9,
    });
    expect(defect?.rust).to.include({ outcome: 'rejected', code: 'E0382' });
    expect(defect?.rust?.why).to.equal('a frame has one owner');
    expect(clean.map(({ outcome }) => outcome)).to.deep.equal(['nothing-found', 'not-run']);
    expect(complaints).to.deep.equal([]);
  });

  it('never says "no" for a tool that was not run', () => {
    const [defect] = scoreboardDocument(board()).defects;
    expect(defect?.c?.warnings.smatch).to.deep.equal({ answer: 'not run', why: 'no package' });
    expect(scoreboardText(board())).to.match(/work-uaf +yes +no +yes +not run +KASAN/);
  });

  it('complains about a clean driver that is blamed, and about what the manifests do not say', () => {
    expect(scoreboardExitStatus(board())).to.equal(0);
    const dirty = board({ clean: [blamed] });
    expect(scoreboardDocument(dirty).complaints).to.deep.equal([
      `clean c under traffic-churn: ${title}`,
    ]);
    expect(scoreboardExitStatus(dirty)).to.equal(1);
    const [row] = board().rows;
    const missed = cScore(huntThat('nothing-found', 'work-uaf'), {
      complaint: 'nothing was found',
    });
    const rows = row === undefined ? [] : [{ ...row, c: missed }];
    expect(scoreboardExitStatus(board({ rows }))).to.equal(1);
    expect(scoreboardText(board({ rows }))).to.match(/work-uaf \(C\): nothing was found/);
  });

  it('tells what the lab could not do from what the driver did', () => {
    const unable = { driver: 'c', profile: 'rings', hunt: huntThat('no-answer', null) };
    expect(scoreboardExitStatus(board({ clean: [unable] }))).to.equal(3);
    expect(scoreboardExitStatus(board({ clean: [unable, blamed] }))).to.equal(1);
    expect(scoreboardExitStatus(board({ clean: [blamed], interrupted: true }))).to.equal(130);
  });

  it('is a page with every defect, the evidence, and no table torn by what is in it', () => {
    const page = scoreboardMarkdown(board());
    expect(namesInPage(page)).to.deep.equal(['work-uaf']);
    expect(page).to.contain('sha256:q');
    expect(page).to.contain('Measured from 2026-11-21 to 2026-11-21');
    expect(page).to.contain('1 of 1 that were run caught, of 1 in the catalogue');
    const tables = page.split('\n').filter((line) => line.startsWith('|'));
    const columns = tables.map((line) => line.replaceAll('\\|', '').split('|').length);
    expect(new Set(columns).size).to.equal(3);
  });

  it('leaves the columns of a driver out that was not asked for', () => {
    const rows = board().rows.map((row) => ({ ...row, c: null }));
    const text = scoreboardText(board({ rows, clean: [] }));
    expect(text).not.to.contain('sparse');
    expect(text).to.contain('rejected: E0382');
  });
});

describe('what is found in a folder of patches', () => {
  const findings = [
    { name: 'one', driver: 'c', build, hunt: huntThat('crashed', 'one') },
    { name: 'two', driver: 'c', build, hunt: huntThat('nothing-found', 'two') },
    { name: 'three', driver: 'rust', build: rejection, hunt: null },
  ] as const;

  it('says of each patch only whether it compiles and what crashed', () => {
    const { patches } = findingsDocument(findings, false);
    expect(patches[0]).to.include({ name: 'one', compiles: true, title, detector: 'KASAN' });
    expect(patches[1]).to.include({ outcome: 'nothing-found', title: null });
    expect(patches[2]?.errors).to.deep.equal([{ code: 'E0382', file: 'tx.rs', line: 3 }]);
    expect(findingsText(findings)).to.match(/three +rust +no +rejected: E0382/);
  });

  it('is a failure of the driver as soon as one crashed', () => {
    expect(findingsExitStatus(findings, false)).to.equal(1);
    expect(findingsExitStatus(findings.slice(1), false)).to.equal(0);
    const stale = { ...build, compiles: false, problem: 'the patch does not apply' };
    const unapplied = { name: 'four', driver: 'c', build: stale, hunt: null } as const;
    expect(findingsExitStatus([unapplied], false)).to.equal(3);
  });
});
