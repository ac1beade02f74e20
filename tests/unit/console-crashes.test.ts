// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ConsoleParser } from '../../lab/src/console/console-parser.ts';
import type { CrashReport } from '../../lab/src/console/crash-report.ts';
import { measureCorpus } from './consoles/corpus.ts';

const sample = (name: string): string =>
  readFileSync(new URL(`consoles/${name}.txt`, import.meta.url), 'latin1');

function crashesOf(text: string | readonly string[]): CrashReport[] {
  const parser = new ConsoleParser();
  const chunks = typeof text === 'string' ? [text] : text;
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
}

function onlyCrash(text: string): CrashReport {
  const crashes = crashesOf(text);
  expect(crashes.map(({ title }) => title)).to.have.lengthOf(1);
  return crashes[0] as CrashReport;
}

describe('the console parser', () => {
  it('names a NULL dereference in probe by the function, not by the injected failure before it', () => {
    const crash = onlyCrash(sample('null-dereference-in-probe'));
    expect(crash.title).to.equal(
      'BUG: unable to handle kernel NULL pointer dereference in ferronic_probe',
    );
    expect(crash.altTitles).to.deep.equal(['bad-access in ferronic_probe']);
    expect(crash.type).to.equal('NULL-POINTER-DEREFERENCE');
    expect(crash.frame).to.equal('ferronic_probe');
    expect(crash.corrupted).to.equal(false);
  });

  it('takes a message back that the kernel prints again, whole', () => {
    const whole = sample('use-after-free-in-worker').split('\n');
    const header = whole.findIndex((line) => line.includes('BUG: KASAN'));
    const replay = '** replaying previous printk message **';
    const torn = (at: number) =>
      whole.flatMap((line, index) => (index === at ? [line.slice(0, -20), replay, line] : [line]));
    const { title, lines } = onlyCrash(whole.join('\n'));
    for (const at of [header, header + 1, header + 6]) {
      const crash = onlyCrash(torn(at).join('\n'));
      expect(crash).to.deep.include({ title, lines, corrupted: false });
    }
  });

  it('counts the panic that follows an oops as a part of it', () => {
    const crash = onlyCrash(sample('null-dereference-in-probe'));
    expect([crash.startLine, crash.endLine]).to.deep.equal([14, 46]);
    expect(crash.lines.at(-1)).to.contain('end Kernel panic');
  });

  it('names a use after free by the worker, not by the lock or the allocation', () => {
    const crash = onlyCrash(sample('use-after-free-in-worker'));
    expect(crash.title).to.equal('KASAN: slab-use-after-free Write in ferronic_service');
    expect(crash.type).to.equal('KASAN-USE-AFTER-FREE-WRITE');
    expect(crash.family).to.equal('kasan');
  });

  it('names a recursive lock by the interrupt handler', () => {
    const crash = onlyCrash(sample('recursive-lock-in-interrupt'));
    expect(crash.title).to.equal('possible deadlock in ferronic_mgmt_interrupt');
    expect(crash.type).to.equal('LOCKDEP');
  });

  it('names a Rust panic by its message and the function of the driver, not by the core helper', () => {
    const crash = onlyCrash(sample('rust-unwrap'));
    expect(crash.title).to.equal(
      'called `Option::unwrap()` on a `None` value in <ferronic::ring::TxRing>::complete',
    );
    expect(crash.frame).to.equal('<ferronic::ring::TxRing>::complete');
    expect(crash.family).to.equal('rust-panic');
    expect(crash.lines.some((line) => line.includes('eth1: link up'))).to.equal(false);
  });

  it('names a Rust panic whose stack was lost by its file', () => {
    const crash = onlyCrash(sample('rust-unwrap').split('\n').slice(0, 2).join('\n'));
    expect(crash.title).to.equal('called `Option::unwrap()` on a `None` value in ring.rs');
    expect(crash.corrupted).to.equal(true);
  });

  it("names a warning while a driver's value is dropped by that value, not by who let the device go", () => {
    const crash = onlyCrash(sample('rust-warning-in-drop'));
    expect(crash.title).to.equal('WARNING in core::ptr::drop_in_place::<ferronic_main::rx::Queue>');
  });

  it('reads the warnings of Linux 6.19 and newer, which begin with the condition', () => {
    const crash = onlyCrash(sample('warning-with-condition'));
    expect(crash.title).to.equal('WARNING in ferronic_tx_queue');
    expect(crash.type).to.equal('WARNING');
  });

  it('keeps the reports of two tasks apart that print at the same time', () => {
    const crashes = crashesOf(sample('two-cpus-interleaved'));
    expect(crashes.map(({ title }) => title)).to.deep.equal([
      'BUG: sleeping function called from invalid context in ferronic_get_ethtool_stats',
      'KASAN: slab-out-of-bounds Read in ferronic_rx_deliver',
    ]);
    expect(crashes[1]?.lines.every((line) => line.includes('T700'))).to.equal(true);
  });

  it('names an interrupt that nobody handles by its handler', () => {
    const crash = onlyCrash(sample('irq-nobody-cared'));
    expect(crash.title).to.equal('irq: nobody cared in ferronic_mgmt_interrupt');
  });

  it('names a soft lockup by its entry point and blames the driver on the stack', () => {
    const crash = onlyCrash(sample('soft-lockup'));
    expect(crash.title).to.equal('BUG: soft lockup in dev_ioctl');
    expect(crash.type).to.equal('HANG');
    expect(crash.frame).to.equal('ferronic_get_stats64');
  });

  it('names a complaint of DMA-API by its text, which comes before the warning', () => {
    const crash = onlyCrash(sample('dma-unmap-twice'));
    expect(crash.title).to.equal(
      'DMA-API: device driver tries to free DMA memory it has not allocated in ferronic_tx_poll',
    );
    expect(crash.family).to.equal('dma-api');
  });

  it('names a complaint of DMA-API that has two lines, too', () => {
    const crash = onlyCrash(sample('dma-pending'));
    expect(crash.title).to.match(
      /^DMA-API: device driver has pending DMA allocations while released from device in /,
    );
    expect(crash.family).to.equal('dma-api');
  });

  it('reports IOMMU faults, transmit time-outs and uncorrectable PCIe errors', () => {
    expect(crashesOf(sample('device-trouble')).map(({ title }) => title)).to.deep.equal([
      'DMAR: DMA Write fault: PTE Write access is not set',
      'NETDEV WATCHDOG: transmit queue timed out in ferronic_c',
      'AER: Uncorrectable (Fatal) error',
    ]);
  });

  for (const name of ['healthy-boot', 'healthy-noise']) {
    it(`finds no crash in ${name.replace('-', ' ')}`, () => {
      expect(crashesOf(sample(name)).map(({ title }) => title)).to.deep.equal([]);
    });
  }

  it('notices a boot that nobody asked for', () => {
    const boot = sample('healthy-boot');
    const crash = onlyCrash(boot + boot);
    expect(crash.title).to.equal('unexpected kernel reboot');
    expect(crash.type).to.equal('REBOOT');
  });

  it('does not count the boot after a panic as another crash', () => {
    const crash = onlyCrash(sample('null-dereference-in-probe') + sample('healthy-boot'));
    expect(crash.type).to.equal('NULL-POINTER-DEREFERENCE');
  });

  it('finds the same crashes however the console is cut into pieces', () => {
    const text = sample('two-cpus-interleaved') + sample('null-dereference-in-probe');
    const whole = crashesOf(text);
    expect(whole).to.have.lengthOf(3);
    for (const size of [1, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
        text.slice(index * size, (index + 1) * size),
      );
      expect(crashesOf(pieces)).to.deep.equal(whole);
    }
  });

  it('reports a header whose body never came as corrupted', () => {
    const [banner = '', header = ''] = sample('use-after-free-in-worker').split('\n').slice(1);
    const crash = onlyCrash(`${banner}\n${header}`);
    expect(crash.corrupted).to.equal(true);
    expect(crash.title).to.equal('KASAN: slab-use-after-free in _raw_spin_lock');
  });

  it('cuts a message that another one interrupted and calls the report corrupted', () => {
    const crash = onlyCrash(
      '[    9.000001] general protection fault: 0000 [#1] [    9.000002] audit: type=1400\n',
    );
    expect(crash.title).to.equal('general protection fault in corrupted');
    expect(crash.corrupted).to.equal(true);
  });

  it('leaves no escape sequence of the guest in titles and lines', () => {
    const crash = onlyCrash(sample('hostile'));
    expect(crash.title).to.equal('BUG: bad things happened');
    const codes = Array.from([crash.title, ...crash.lines].join(''), (char) => char.charCodeAt(0));
    expect(codes.filter((code) => code < 0x20 || code > 0x7e)).to.deep.equal([]);
  });

  it('keeps a bounded number of lines of a report and of reports', () => {
    const parser = new ConsoleParser({ maxReports: 3 });
    const found = parser.push('[    1.000001] BUG: flood\n');
    for (let index = 0; index < 5000; index++) {
      found.push(...parser.push(`[    1.000001]  frame${index}+0x1/0x2\n`));
    }
    for (let index = 0; index < 10; index++) found.push(...parser.push(`BUG: number ${index}.\n`));
    found.push(...parser.end());
    expect(found).to.have.lengthOf(3);
    expect(parser.dropped).to.be.greaterThan(5);
    expect(Math.max(...found.map(({ lines }) => lines.length))).to.be.lessThan(1000);
  });

  const corpus = fileURLToPath(new URL('../../../shared/data/oops', import.meta.url));
  if (existsSync(corpus)) {
    it('judges the consoles of the corpus as their headers say', async () => {
      const result = await measureCorpus(corpus);
      expect(result.consoles).to.be.greaterThan(100);
      expect(result.detected).to.equal(result.consoles);
      expect(result.types / result.crashes).to.be.at.least(0.98);
      expect(result.functions / result.crashes).to.be.at.least(0.95);
    }).timeout(60_000);
  }
});
