// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { exampleLines } from '../../scripts/statistics-examples.ts';

describe('docs/statistics.md', () => {
  it('has the figures that its examples give', () => {
    const text = readFileSync(new URL('../../docs/statistics.md', import.meta.url), 'utf8');
    const lines = new Set(text.split('\n').map((line) => line.trim()));
    expect(exampleLines().filter((line) => !lines.has(line.trim()))).to.deep.equal([]);
  });
});
