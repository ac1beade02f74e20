// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { readConditionalJumps } from '../../lab/src/coverage/conditional-jumps.ts';
import { DriverCoverage } from '../../lab/src/coverage/driver-coverage.ts';
import { placeSections } from '../../lab/src/coverage/driver-map.ts';
import { readExecutedCode } from '../../lab/src/coverage/executed-code.ts';
import { readLineTable } from '../../lab/src/coverage/line-table.ts';

/** As llvm-dwarfdump prints a unit of C (DWARF 5) and one of Rust (DWARF 4). */
const dump = `
.debug_line contents:
debug_line[0x00000000]
         version: 5
include_directories[  0] = "/lab/module"
include_directories[  1] = "/lab/source/include"
file_names[  0]:
           name: "ring.c"
      dir_index: 0
file_names[  1]:
           name: "linux.h"
      dir_index: 1

Address            Line   Column File   ISA Discriminator OpIndex Flags
------------------ ------ ------ ------ --- ------------- ------- -------------
0x0000000000001000     10      1      0   0             0       0  is_stmt
0x0000000000001004     11      9      0   0             0       0  is_stmt prologue_end
0x0000000000001008     99      9      1   0             0       0  is_stmt
0x000000000000100c      0      9      0   0             0       0
0x0000000000001010     12      1      0   0             0       0  is_stmt
0x0000000000001014     12      1      0   0             0       0  is_stmt end_sequence

debug_line[0x00000100]
         version: 4
include_directories[  1] = "abstractions"
include_directories[  2] = "/usr/lib/rustlib/src/rust/library/core/src"
file_names[  1]:
           name: "stats.rs"
      dir_index: 0
       mod_time: 0x00000000
file_names[  2]:
           name: "dma.rs"
      dir_index: 1
       mod_time: 0x00000000
file_names[  3]:
           name: "option.rs"
      dir_index: 2
       mod_time: 0x00000000

0x0000000000002000      5      1      1   0             0       0  is_stmt
0x0000000000002008      7      1      2   0             0       0  is_stmt
0x0000000000002010      8      1      3   0             0       0  is_stmt
0x0000000000002018      8      1      3   0             0       0  is_stmt end_sequence
`;

const sections = new Map([['.text', { at: 0x1000n, size: 0x2000n }]]);
const loaded = [{ '.text': '0xffffffffc0400000' }];

describe('coverage', () => {
  it('knows the lines of the module, and not those of headers and libraries', () => {
    const lines = readLineTable(dump).map(({ file, line, start, end }) => [
      file,
      line,
      Number(start),
      Number(end),
    ]);
    expect(lines).to.deep.equal([
      ['ring.c', 10, 0x1000, 0x1004],
      ['ring.c', 11, 0x1004, 0x1008],
      ['ring.c', 12, 0x1010, 0x1014],
      ['stats.rs', 5, 0x2000, 0x2008],
      ['abstractions/dma.rs', 7, 0x2008, 0x2010],
    ]);
  });

  it('places sections apart from each other', () => {
    const placed = placeSections(`Sections:
Idx Name                          Size     VMA              Type
  3 .text                         00016931 0000000000000000 TEXT
  4 .rodata                       00000931 0000000000000000 DATA
  8 .init.text                    0000001a 0000000000000000 TEXT`);
    expect([...placed.keys()]).to.deep.equal(['.text', '.init.text']);
    const [text, init] = [...placed.values()];
    expect((text?.at ?? 0n) + (text?.size ?? 0n) < (init?.at ?? 0n)).to.equal(true);
  });

  it('finds the same code wherever the module was loaded, and drops what belongs to nothing', () => {
    const text =
      'block ffffffffc0400004 ffffffffc0400008\nedge ffffffffc0400004 ffffffffc0400010\n';
    const other = 'block ffffffffc0800000 ffffffffc0800004\n';
    const { blocks, edges } = readExecutedCode(text + other, loaded, sections);
    expect(blocks).to.deep.equal([{ start: 0x1004n, end: 0x1008n }]);
    expect(edges).to.deep.equal([{ last: 0x1004n, next: 0x1010n }]);
    const moved = [{ '.text': '0xffffffffc0800000' }];
    expect(readExecutedCode(other, moved, sections).blocks[0]?.start).to.equal(0x1000n);
    // Where two loads overlap, nobody knows which one it was.
    const both = [...loaded, { '.text': '0xffffffffc0400002' }];
    expect(readExecutedCode(text, both, sections).blocks).to.deep.equal([]);
  });

  it('reads conditional jumps, and no others', () => {
    const jumps = readConditionalJumps(`
0000000000001000 <ring_full>:
    1000:      \tje\t0x1008 <ring_full+0x8>
    1002:      \tjmp\t0x1000 <ring_full>
    1004:      \tcallq\t0x1000 <ring_full>
    1008:      \tjae\t0x1000 <ring_full>
    100a:      \tretq
`);
    expect(jumps.map(({ at, target, next }) => [at, target, next].map(Number))).to.deep.equal([
      [0x1000, 0x1008, 0x1002],
      [0x1008, 0x1000, 0x100a],
    ]);
  });

  it('adds up what runs reach, and names what none does', () => {
    const coverage = new DriverCoverage({
      sections,
      lines: readLineTable(dump),
      functions: [
        { name: 'ring_full', start: 0x1000n, end: 0x1014n },
        { name: 'stats', start: 0x2000n, end: 0x2018n },
      ],
      jumps: [{ at: 0x1004n, target: 0x1010n, next: 0x1006n }],
    });
    const first =
      'block ffffffffc0400000 ffffffffc0400006\nedge ffffffffc0400004 ffffffffc0400010\n';
    expect(coverage.add(first, loaded)).to.equal(true);
    expect(coverage.add(first, loaded)).to.equal(false);
    const { lines, functions, branches, files, missingFunctions } = coverage.report();
    expect(lines).to.deep.equal({ reached: 2, all: 5 });
    expect(functions).to.deep.equal({ reached: 1, all: 2 });
    expect(branches).to.deep.equal({ reached: 1, all: 2 });
    expect(files.find(({ file }) => file === 'ring.c')?.missing).to.deep.equal([12]);
    expect(missingFunctions).to.deep.equal([{ name: 'stats', place: 'stats.rs:5' }]);
  });
});
