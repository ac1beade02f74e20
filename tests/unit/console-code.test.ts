// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { cachedArtifact } from '../../lab/src/artifacts/ensure-artifacts.ts';
import { toolchainRecipe } from '../../lab/src/artifacts/recipes/toolchain.ts';
import { ConsoleParser } from '../../lab/src/console/console-parser.ts';
import type { CrashReport } from '../../lab/src/console/crash-report.ts';
import { readCodeLine } from '../../lab/src/console/decode-code.ts';
import { symbolize } from '../../lab/src/console/symbolize.ts';
import { toolchainSymbolizer } from '../../lab/src/soak/symbolizer.ts';

const wait: Wait = { signal: new AbortController().signal, deadline: Deadline.after(60_000) };
const code =
  'Code: 06 c3 e8 1d 22 00 e1 48 8d bb 98 00 00 00 75 05 <48> 89 58 10 0f 0b 48 c7 c6 40 81 00 a0 e8';

function report(...rest: readonly string[]): CrashReport {
  const parser = new ConsoleParser();
  const lines = ['BUG: kernel NULL pointer dereference, address: 0000000000000010', ...rest];
  const [crash] = [...parser.push(lines.join('\n')), ...parser.end()];
  if (crash === undefined) throw new Error('no crash was found');
  return crash;
}

const plain = report('RIP: 0010:probe+0xa4/0x3f0', code, 'RAX: 0000000000000000');

describe('the code of a report', () => {
  it('is read with the place of the instruction that trapped', () => {
    expect(readCodeLine('Code: 48 8b <0f> 0b')).to.deep.equal({
      bytes: [0x48, 0x8b, 0x0f, 0x0b],
      trap: 2,
    });
  });

  it('is left alone when it is not that of an x86 kernel', () => {
    for (const line of [
      'Code: Bad RIP value.',
      'Code: Unable to access opcode bytes at 0x0.',
      'Code: d503201f f9400000 (d4210000)',
      'Code: 48 8b 05',
      'code: 48 8b <0f>',
      'Code: 48 8b <0f> $(reboot)',
    ]) {
      expect(readCodeLine(line), line).to.equal(null);
    }
  });

  it('stays as printed, with a note, when the disassembler fails', async () => {
    const runTool = (argv: readonly string[]) =>
      argv[0] === 'sh' ? Promise.reject(new Error('no llvm-mc')) : Promise.resolve('');
    const result = await symbolize(plain, { vmlinux: '/k', modules: new Map(), runTool }, wait);
    expect(result.text).to.equal(plain.lines.join('\n'));
    expect(result.note).to.equal('code not decoded: no llvm-mc');
  });

  it('of a program is not disassembled', async () => {
    const runTool = (argv: readonly string[]) =>
      argv[0] === 'sh' ? Promise.reject(new Error('was called')) : Promise.resolve('');
    const user = report('Call Trace:', ' probe+0xa4/0x3f0', 'RIP: 0033:0x7f5079f7892c', code);
    const result = await symbolize(user, { vmlinux: '/k', modules: new Map(), runTool }, wait);
    expect(result.note).to.equal(null);
  });

  const toolchain = cachedArtifact(toolchainRecipe());
  if (toolchain !== undefined) {
    it('is disassembled by the toolchain, the instruction that trapped marked', async () => {
      const parts = {
        qemu: { toolchainRoot: join(toolchain.dir, 'tree'), dir: '/none' },
        vmlinux: join(toolchain.dir, 'artifact.json'),
        modules: {},
      };
      const text = await toolchainSymbolizer(parts)(plain, wait);
      const lines = text.split('\n');
      const from = lines.findIndex((line) => line.startsWith('Code: '));
      // No instruction of this processor begins with the first byte.
      expect(lines.slice(from, from + 8)).to.deep.equal([
        code,
        '    probe+0x95:  retq',
        '    probe+0x96:  callq .-0x1effddde',
        '    probe+0x9b:  leaq 0x98(%rbx), %rdi',
        '    probe+0xa2:  jne .+0x7',
        '  * probe+0xa4:  movq %rbx, 0x10(%rax)  <-- trapped here',
        '    probe+0xa8:  ud2',
        '    probe+0xaa:  movq $-0x5fff7ec0, %rsi',
      ]);
      expect(lines).to.include('RAX: 0000000000000000');
    }).timeout(60_000);
  }
});
