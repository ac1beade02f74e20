// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { generatedFiles } from '../../scripts/generate-registers.ts';
import { DescriptionError } from '../../scripts/registers/json-reader.ts';
import { renderKernelHeader } from '../../scripts/registers/kernel-header.ts';
import { parseDescription } from '../../scripts/registers/parse-description.ts';
import { renderQemuHeader } from '../../scripts/registers/qemu-header.ts';

const SOURCE = new URL('../../qemu-device/ferronic.regs.json', import.meta.url);

/** The real description with one text replaced, parsed. */
function parseWith(from: string, to: string): unknown {
  const text = readFileSync(SOURCE, 'utf8');
  expect(text, 'the text to replace must be there').to.include(from);
  return parseDescription(JSON.parse(text.replace(from, to)));
}

function definedTwice(header: string): readonly string[] {
  const names = [...header.matchAll(/^#define (\w+)/gm)].map((match) => match[1] ?? '');
  return names.filter((name, index) => names.indexOf(name) !== index);
}

describe('the register description', () => {
  const mistakes: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'fields that overlap',
      '"name": "MAGIC", "hi": 31, "lo": 16',
      '"name": "MAGIC", "hi": 31, "lo": 15',
      /ID: fields REVISION and MAGIC overlap/,
    ],
    [
      'two registers at one offset',
      '"offset": "0x0008"',
      '"offset": "0x0004"',
      /offset 0x4 is used twice/,
    ],
    [
      'an unknown access',
      '"access": "rw1c"',
      '"access": "rwx"',
      /INT_PENDING: "access" is rwx; it must be ro, rw, wo, rw1c/,
    ],
    [
      'a field outside its word',
      '"name": "MAGIC", "hi": 31',
      '"name": "MAGIC", "hi": 32',
      /bit 32 does not exist/,
    ],
    ['a register past the BAR', '"offset": "0x2018"', '"offset": "0x7ff0"', /TX_HEAD lies past/],
    [
      'arrays of registers that overlap',
      '"offset": "0x1004", "count": 4, "stride": "0x100"',
      '"offset": "0x1004", "count": 4, "stride": "0x04"',
      /offset 0x1008 is used twice/,
    ],
    [
      'a rule without a number of its own',
      '"number": 2, "name": "REG_UNKNOWN"',
      '"number": 1, "name": "REG_UNKNOWN"',
      /rule REG_UNKNOWN must have the number 2/,
    ],
    [
      'a constant named like a field',
      '"name": "MAGIC", "value"',
      '"name": "ID_MAGIC", "value"',
      /name ID_MAGIC is used twice/,
    ],
    ['a hole in a descriptor', '"offset": 12', '"offset": 16', /STATUS must be at offset 12/],
    ['a misspelt member', '"resetNote"', '"resetnote"', /unknown member resetnote/],
  ];

  for (const [what, from, to, message] of mistakes) {
    it(`is refused with ${what}, and the place is named`, () => {
      expect(() => parseWith(from, to)).to.throw(DescriptionError, message);
    });
  }

  it('gives C headers in which no name is defined twice', () => {
    const regs = parseDescription(JSON.parse(readFileSync(SOURCE, 'utf8')));
    expect(definedTwice(renderKernelHeader(regs))).to.deep.equal([]);
    expect(definedTwice(renderQemuHeader(regs))).to.deep.equal([]);
  });

  it('is what the committed files were generated from', () => {
    for (const [path, content] of generatedFiles()) {
      const onDisk = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      expect(onDisk, path).to.equal(content);
    }
  });
});
