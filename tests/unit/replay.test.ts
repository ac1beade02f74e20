// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { crashPlace, reporterAddresses } from '../../lab/src/replay/crash-place.ts';
import { writeGdbScript } from '../../lab/src/replay/gdb-script.ts';
import { parseSpan, placeBefore } from '../../lab/src/replay/moment.ts';
import { chromeTrace, readTimeline, timelineText } from '../../lab/src/replay/timeline.ts';

const crash = { instructions: 5_000_000, virtualNs: 12_000_000 };

describe('a moment before a crash', () => {
  it('is given as a time or as instructions', () => {
    expect(placeBefore(crash, parseSpan('before', '100us'))).to.deep.equal({
      virtualNs: 11_900_000,
    });
    expect(placeBefore(crash, parseSpan('before', '2ms'))).to.deep.equal({ virtualNs: 10_000_000 });
    expect(placeBefore(crash, parseSpan('before', '10000insn'))).to.deep.equal({
      instructions: 4_990_000,
    });
  });

  it('is not before the beginning', () => {
    expect(placeBefore(crash, parseSpan('before', '1s'))).to.deep.equal({ virtualNs: 1 });
    expect(placeBefore(crash, parseSpan('before', '9000000insn'))).to.deep.equal({
      instructions: 1,
    });
  });

  it('is refused by the name of its option when it is none', () => {
    for (const text of ['', '100', 'us', '-1us', '1.5ms', '3 ms', '10instr']) {
      expect(() => parseSpan('before', text), text).to.throw(`--before: '${text}' is no time`);
    }
  });
});

describe('the place of a crash', () => {
  it('is where a function that reports was entered first', () => {
    const calls = 'call 700 1400 1 ffffffff81355be0\ncall 900 1800 0 ffffffff816e6fa0\n';
    expect(crashPlace(calls)).to.deep.equal({
      instructions: 700,
      virtualNs: 1_400,
      cpu: 1,
      address: 'ffffffff81355be0',
    });
    expect(crashPlace('')).to.equal(undefined);
  });

  it('is looked for in the functions that this kernel has', () => {
    const symbols = new Map([
      ['report_bug', 'ffffffff81f28610'],
      ['schedule', 'ffffffff81fa0000'],
      ['vpanic', 'ffffffff81012110'],
    ]);
    expect(reporterAddresses(symbols)).to.equal('ffffffff81f28610\nffffffff81012110\n');
  });
});

const log = `call 10 1000 0 ffffffffa0000100
vcpu_scheduler_turn cpu 1 at 600 ns 1200
vcpu_scheduler_turn cpu 0 at 700 ns 1400
call 710 1420 0 ffffffffa0000200
ferronic_doorbell nic0: tx0 head 1, tail 2
ferronic_irq_fire nic0: vector 3 at 99999 ns
something else
vcpu_scheduler_turn cpu 1 at 900 ns 1800
`;
const names = new Map([
  ['ffffffffa0000100', 'ferronic_open'],
  ['ffffffffa0000200', 'ferronic_tx_start'],
]);

describe('a timeline', () => {
  const events = readTimeline(log, (address) => names.get(address));

  it('has turns, functions and what devices do, each at its time', () => {
    expect(events.map(({ ns, who, text }) => [ns, who, text])).to.deep.equal([
      [1_000, 0, 'ferronic_open'],
      [1_200, 1, 'instruction 600'],
      [1_400, 0, 'instruction 700'],
      [1_420, 0, 'ferronic_tx_start'],
      [1_420, 'nic0', 'doorbell: tx0 head 1, tail 2'],
      [1_420, 'nic0', 'irq fire: vector 3'],
      [1_800, 1, 'instruction 900'],
    ]);
  });

  it('is shown with the time that is left, and without turns in which nothing of the driver ran', () => {
    expect(timelineText(events, 2_000).map((line) => line.trim())).to.deep.equal([
      '-1.000 us  cpu0  ferronic_open',
      '-0.600 us  cpu0  -- its turn, instruction 700',
      '-0.580 us  cpu0  ferronic_tx_start',
      '-0.580 us  nic0  doorbell: tx0 head 1, tail 2',
      '-0.580 us  nic0  irq fire: vector 3',
    ]);
  });

  it('is a document for Perfetto: a turn lasts until the next, and the last one to the end', () => {
    const { traceEvents } = chromeTrace(events, 2_000) as {
      traceEvents: readonly { ph: string; tid: number; ts: number; dur: number; name: string }[];
    };
    const turns = traceEvents.filter(({ ph }) => ph === 'X');
    expect(turns.map(({ tid, ts, dur }) => [tid, ts, dur])).to.deep.equal([
      [1, 1.2, 0.2],
      [0, 1.4, 0.4],
      [1, 1.8, 0.2],
    ]);
    expect(traceEvents.filter(({ ph }) => ph === 'M')).to.have.length(3);
    expect(traceEvents.filter(({ ph }) => ph === 'i')).to.have.length(4);
  });
});

describe('the script for gdb', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ferrolab-gdb-'));
  after(() => rmSync(dir, { recursive: true }));

  it('loads kernel and module, begins with the vCPU of the crash, and takes more options', async () => {
    const script = await writeGdbScript({
      runDir: dir,
      toolchain: '/tree',
      vmlinux: '/artifacts/vmlinux',
      cpu: 1,
      module: {
        ko: "/artifacts/it's/ferronic.ko",
        sections: { '.text': '0xffffffffa0000000', '.init.text': '0xffffffffa0020000' },
      },
    });
    const commands = readFileSync(join(dir, 'gdb.commands'), 'utf8');
    expect(commands).to.contain(
      'add-symbol-file /lab/module.ko 0xffffffffa0000000 -s .init.text 0xffffffffa0020000\n',
    );
    expect(commands).to.contain('\nthread 2\n');
    // A machine that gdb detaches from would go on.
    expect(commands).to.contain('define hook-quit\ndisconnect\nend\n');
    expect(readFileSync(script, 'utf8')).to.contain('"$@" \'/lab/vmlinux\'');
    // A shell can read it, whatever the names of folders are.
    execFileSync('sh', ['-n', script]);
  });
});
