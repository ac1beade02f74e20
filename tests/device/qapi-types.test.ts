// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { generateQapiTypes } from '../../scripts/generate-qapi.ts';
import { labArtifacts } from '../support/lab-artifacts.ts';

describe('the QMP types', () => {
  it('are those of the schema of the QEMU that the lab builds', async () => {
    const dir = await labArtifacts('qemu-source');
    const generated = generateQapiTypes({
      qemuSrc: join(dir('qemu-source'), 'source'),
      python: ['python3'],
    });
    const committed = join(import.meta.dirname, '../../lab/packages/qemu-ipc/src/qapi.gen.ts');
    expect(readFileSync(committed, 'utf8') === generated, 'stale: npm run generate:qapi').to.equal(
      true,
    );
  }).timeout(60_000);
});
