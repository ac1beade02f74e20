// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import type { DriverFigures } from '../../lab/src/bench/driver-bench.ts';
import { driverReport, driverText } from '../../lab/src/bench/driver-report.ts';
import type { SpeedResult } from '../../lab/src/bench/speed.ts';
import { speedCards, speedTables, speedText } from '../../lab/src/bench/speed-report.ts';
import { spreadOf } from '../../lab/src/bench/spread.ts';
import { subjects } from '../../lab/src/bench/subjects.ts';

/** All subjects with one queue each, igb without a driver; packets/s by subject, the same in every table. */
function resultOf(packets: Readonly<Record<string, readonly number[]>>): SpeedResult {
  return {
    cards: subjects.map((subject, index) =>
      subject.name === 'igb'
        ? { subject, missing: 'no driver in this kernel' }
        : { subject, interface: `eth${index}`, mac: '', queues: { rx: 4, tx: 1 } },
    ),
    samples: subjects.flatMap((subject) =>
      (packets[subject.name] ?? []).flatMap((packetsPerSecond) =>
        (['sent', 'received'] as const).flatMap((direction) =>
          ([60, 1_500] as const).map((bytes) => ({ subject, direction, bytes, packetsPerSecond })),
        ),
      ),
    ),
  };
}

const order = subjects.map(({ name }) => name);
const isOther = (name: string): boolean => !name.startsWith('ferronic');

describe('the table of NICs', () => {
  const result = resultOf({
    'ferronic-rust': [500_000, 480_000, 450_000],
    'ferronic-c': [300_000, 320_000, 310_000],
    e1000e: [240_000, 230_000, 250_000],
    'virtio-net': [100_000, 500_000, 120_000],
  });

  it('compares medians with that of the best other NIC', () => {
    const tables = speedTables(result, order, isOther);
    expect(tables.map(({ direction, bytes }) => `${direction} ${bytes}`)).to.deep.equal([
      'sent 60',
      'sent 1500',
      'received 60',
      'received 1500',
    ]);
    for (const { yardstick, rows } of tables) {
      expect(yardstick).to.equal('e1000e');
      expect(rows.map(({ name, ratio }) => [name, ratio])).to.deep.equal([
        ['ferronic-rust', 2],
        ['ferronic-c', 310 / 240],
        ['e1000e', 1],
        ['virtio-net', 0.5],
      ]);
    }
  });

  it('says why a NIC has no figures, and how many queues the others used', () => {
    const text = speedText(speedCards(result, order), speedTables(result, order, isOther));
    expect(text).to.match(/^ {2}igb +no driver in this kernel$/m);
    expect(text).to.match(
      /sent, 60 bytes .*to e1000e\n {2}ferronic-rust +1 +480\.0 k +450\.0 k +500\.0 k +2\.00\n/,
    );
    expect(text).to.match(/received, 60 bytes .*\n {2}ferronic-rust +4 /);
  });

  it('has no ratios when no other NIC was measured', () => {
    const alone = resultOf({ 'ferronic-c': [1_000] });
    const [table] = speedTables(alone, ['ferronic-c'], isOther);
    expect(table?.rows[0]?.ratio).to.equal(null);
  });
});

describe('the comparison of the drivers', () => {
  const figures = (instructions: number, interrupts: number, text: number): DriverFigures => ({
    costs: [
      {
        direction: 'sent',
        bytes: 60,
        burst: 1,
        instructions: spreadOf([instructions - 1, instructions, instructions + 1]),
        interrupts,
      },
    ],
    ownCosts: [{ direction: 'sent', instructions: instructions / 10 }],
    latencies: [
      {
        direction: 'sent',
        interrupts: 6_000,
        toHandler: { median: 211, p99: 300 },
        toPoll: { median: instructions / 2, p99: instructions },
      },
    ],
    memory: { module: text * 2, bound: 4_096, up: 1_000_000, left: 0 },
    size: { text, readOnlyData: 100, data: 10 },
  });
  const speed = resultOf({ 'ferronic-rust': [210_000], 'ferronic-c': [200_000] });
  const reportOf = (rust: DriverFigures, c: DriverFigures) =>
    driverReport({ rustInlineHelpers: true, figures: { rust, c }, speed });

  it("has Rust's share of C's figure everywhere", () => {
    const report = reportOf(figures(2_100, 1, 3_000), figures(2_000, 1, 1_500));
    expect(report.instructions[0]?.instructions).to.deep.equal({
      rust: 2_100,
      c: 2_000,
      ratio: 1.05,
    });
    expect(report.instructions[0]?.spread.rust).to.include({ min: 2_099, max: 2_101 });
    expect(report.ownInstructions).to.deep.equal([
      { direction: 'sent', instructions: { rust: 210, c: 200, ratio: 1.05 } },
    ]);
    expect(report.latency.map(({ to, median }) => [to, median.ratio])).to.deep.equal([
      ['handler', 1],
      ['poll', 1.05],
    ]);
    expect(report.size[0]).to.deep.equal({
      what: 'text',
      bytes: { rust: 3_000, c: 1_500, ratio: 2 },
    });
    expect(report.memory.at(-1)?.bytes.ratio, 'nothing to divide by').to.equal(null);
    expect(report.speed.tables[0]?.rows[0]).to.include({ name: 'ferronic-rust', ratio: 1.05 });
  });

  it('states whether helpers are inlined, and shows every figure', () => {
    const text = driverText(reportOf(figures(2_100, 1, 3_000), figures(2_000, 1, 1_500)));
    expect(text).to.match(/^CONFIG_RUST_INLINE_HELPERS is on$/m);
    expect(text).to.match(/sent, 60 bytes +1 +2100 +2000 +1\.050 +1\.000 +1\.000$/m);
    expect(text).to.match(/sent, 60 bytes, one a doorbell +210\.0 +200\.0 +1\.050$/m);
    expect(text).to.match(/poll, sent +1050 +1000 +1\.050 +2100 +2000 +1\.050$/m);
    expect(text).to.match(/^ {2}text +3000 +1500 +2\.000$/m);
    expect(text).not.to.include('*');
  });

  it('marks a count in which one driver had more interrupts than the other', () => {
    const report = reportOf(figures(2_100, 1, 1), figures(1_600, 0.5, 1));
    expect(report.instructions[0]?.sameInterrupts).to.equal(false);
    expect(driverText(report)).to.match(/1\.000 \* +0\.500\n.*not the same number of interrupts/);
  });
});
