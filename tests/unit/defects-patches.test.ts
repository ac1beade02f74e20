// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { ownDrivers } from '../../lab/src/artifacts/recipes/driver-builds.ts';
import { loadCatalogue } from '../../lab/src/defects/catalogue.ts';
import { patchComplaints } from '../../scripts/checks/patch-applies.ts';

const source = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';
const read = (file: string) => (file === 'a.c' ? source : null);
const change = (at: string, ...lines: string[]) =>
  `--- a/a.c\n+++ b/a.c\n@@ ${at} @@ f()\n${lines.join('\n')}\n`;

describe('a patch of the catalogue', () => {
  it('applies where its context is, even when that has moved', () => {
    expect(
      patchComplaints(change('-2,3 +2,3', ' two', '-three', '+3', ' four'), read),
    ).to.deep.equal([]);
    expect(patchComplaints(change('-90,2 +90,1', ' five', '-six'), read)).to.deep.equal([]);
  });

  it('does not apply when a line of its context is another, or is somewhere else', () => {
    const [other] = patchComplaints(change('-2,2 +2,1', ' two', '-3'), read);
    expect(other).to.equal('does not apply to a.c at @@ -2,2 +2,1 @@');
    expect(patchComplaints(change('-2,2 +2,1', ' two', '-four'), read)).to.have.length(1);
  });

  it('does not apply when its hunks are in another order than the source', () => {
    const late = ['@@ -6,1 +6,0 @@', '-six', '@@ -1,1 +1,0 @@', '-one'].join('\n');
    expect(patchComplaints(`--- a/a.c\n+++ b/a.c\n${late}\n`, read)).to.deep.equal([
      'does not apply to a.c at @@ -1,1 +1,0 @@',
    ]);
  });

  it('does not apply to a file that is gone, and is none without a hunk', () => {
    const [gone] = patchComplaints('--- a/b.c\n+++ b/b.c\n@@ -1,1 +1,0 @@\n-one\n', read);
    expect(gone).to.equal('is for b.c, which is gone');
    expect(patchComplaints('', read)).to.deep.equal(['is no unified diff']);
  });

  for (const { manifest, cPatch, rustPatch } of loadCatalogue(projectRoot())) {
    const patches = [
      [cPatch, ownDrivers.c.source],
      ...(rustPatch === null ? [] : ([[rustPatch, ownDrivers.rust.source]] as const)),
    ] as const;
    it(`applies to the drivers as they are: ${manifest.name}`, () => {
      for (const [patch, folder] of patches) {
        const complaints = patchComplaints(readFileSync(patch, 'utf8'), (file) =>
          readFileSync(join(projectRoot(), folder, file), 'utf8'),
        );
        expect(complaints, patch).to.deep.equal([]);
      }
    });
  }
});
