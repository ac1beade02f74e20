// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import type { Wait } from 'qemu-ipc/wait';
import type { CrashReport } from '../../lab/src/console/crash-report.ts';
import { symbolize } from '../../lab/src/console/symbolize.ts';

const wait = {} as Wait;
const lines = [
  '[    2.953590][   T61] RIP: 0010:ferronic_probe+0xa4/0x3f0 [ferronic_c]',
  '[    2.955560][   T61]  <TASK>',
  '[    2.955968][   T61]  ? worker_thread+0x61/0xa0',
  '[    2.956210][   T61]  worker_thread+0x9b/0x170',
];
const report: CrashReport = {
  title: 'x',
  altTitles: [],
  type: '',
  family: 'oops',
  frame: null,
  corrupted: false,
  startLine: 1,
  endLine: 4,
  lines,
  linesDropped: 0,
};
const modules = new Map([['ferronic_c', '/m/ferronic_c.ko']]);

/** Stands for llvm-nm and llvm-symbolizer, whose output was taken from real runs. */
function fakeTools(calls: string[][]) {
  return async (argv: readonly string[]): Promise<string> => {
    calls.push([...argv]);
    const [tool = '', ...rest] = argv;
    const object = rest.find((arg) => arg.includes('/'))?.replace('--obj=', '') ?? '';
    if (tool === 'llvm-nm') {
      return object.endsWith('.ko')
        ? '0000000000000000 00000000000003f0 t ferronic_probe\n'
        : 'ffffffff811a5890 0000000000000171 t worker_thread\nffffffff81000000 0000000000000a0 t x\nffffffff81100000 00000000000000a0 t worker_thread\n';
    }
    const answers: Record<string, unknown[]> = {
      '0xa4': [
        { FunctionName: 'ferronic_pci_init', FileName: '/k/ferronic_main.c', Line: 24 },
        { FunctionName: 'ferronic_probe', FileName: '/k/ferronic_main.c', Line: 115 },
      ],
      '0xffffffff81100060': [
        { FunctionName: 'worker_thread', FileName: '/s/linux-7.3/./kernel/workqueue.c', Line: 7 },
      ],
    };
    const addresses = rest.filter((arg) => arg.startsWith('0x'));
    return JSON.stringify(
      addresses.map((address) => ({ Address: address, Symbol: answers[address] ?? [] })),
    );
  };
}

describe('symbolizing a report', () => {
  it('writes file and line behind functions, and inlined functions on lines of their own', async () => {
    const result = await symbolize(
      report,
      { vmlinux: '/k/vmlinux', modules, runTool: fakeTools([]) },
      wait,
    );
    expect(result.note).to.equal(null);
    expect(result.text.split('\n').slice(0, 4)).to.deep.equal([
      '[    2.953590][   T61] RIP: 0010:ferronic_pci_init  /k/ferronic_main.c:24 [inline]',
      '[    2.953590][   T61] RIP: 0010:ferronic_probe+0xa4/0x3f0 [ferronic_c]  /k/ferronic_main.c:115',
      '[    2.955560][   T61]  <TASK>',
      '[    2.955968][   T61]  ? worker_thread+0x61/0xa0  kernel/workqueue.c:7',
    ]);
  });

  it('runs each tool once for each object, and reads a symbol table once for many reports', async () => {
    const calls: string[][] = [];
    const options = {
      vmlinux: '/k/vmlinux',
      modules,
      runTool: fakeTools(calls),
      tables: new Map(),
    };
    await symbolize(report, options, wait);
    expect(calls).to.have.lengthOf(4);
    await symbolize(report, options, wait);
    expect(calls.filter(([tool]) => tool === 'llvm-nm')).to.have.lengthOf(2);
  });

  it('keeps the report and says why when a tool fails', async () => {
    const runTool = () => Promise.reject(new Error('llvm-nm: no such file'));
    const result = await symbolize(report, { vmlinux: '/k/vmlinux', modules, runTool }, wait);
    expect(result.text).to.equal(lines.join('\n'));
    expect(result.note).to.contain('llvm-nm: no such file');
  });

  it('keeps the report when a tool prints nonsense', async () => {
    const runTool = async (argv: readonly string[]) =>
      argv[0] === 'llvm-nm' ? '0000000000000000 00000000000003f0 t ferronic_probe\n' : 'no json';
    const result = await symbolize(report, { vmlinux: '/k/vmlinux', modules, runTool }, wait);
    expect(result.text).to.equal(lines.join('\n'));
    expect(result.note).to.contain('not symbolized');
  });
});
