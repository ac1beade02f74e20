// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { loadCatalogue } from '../../lab/src/defects/catalogue.ts';
import { ferrolabJson } from '../support/ferrolab.ts';

interface RustDocument {
  readonly name: string;
  readonly rust: {
    readonly outcome: string;
    readonly code: string | null;
    readonly at: { readonly file: string; readonly line: number; readonly text: string } | null;
    readonly complaint: string | null;
  };
}

const rejected = loadCatalogue(projectRoot()).flatMap(({ manifest: { name, rust } }) =>
  rust?.outcome === 'rejected' ? [{ name, codes: rust.codes, at: rust.at }] : [],
);

describe('the Rust compiler', function () {
  this.timeout(3_600_000);
  let documents: ReadonlyMap<string, RustDocument>;

  // One run of the lab, which compiles each mistake once and remembers what rustc said.
  before(async () => {
    const names = rejected.map(({ name }) => name).join(',');
    const args = ['--driver', 'rust', '--only', names, '--stored', '--clean-minutes', '0'];
    const { document } = await ferrolabJson<{ defects: readonly RustDocument[] }>(
      ['defects', ...args],
      { timeoutMs: 3_600_000 },
    );
    documents = new Map(document.defects.map((defect) => [defect.name, defect]));
  });

  for (const { name, codes, at } of rejected) {
    it(`rejects ${name} with ${codes.join(' and ')}${at === null ? '' : `, in ${at.file}`}`, () => {
      const rust = documents.get(name)?.rust;
      // Another code, one more, or another line than the manifest says.
      expect(rust?.complaint).to.equal(null);
      expect(rust?.outcome).to.equal('rejected');
      expect(rust?.code).to.equal([...codes].sort().join(', '));
    });
  }
});
