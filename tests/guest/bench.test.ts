// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ferrolabJson } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';

interface SpeedTable {
  readonly direction: string;
  readonly bytes: number;
  readonly yardstick: string;
  readonly rows: readonly {
    readonly name: string;
    readonly packets: { readonly median: number; readonly samples: readonly number[] };
    readonly ratio: number;
  }[];
}

interface NicDocument {
  readonly nics: readonly { readonly name: string; readonly queues: { readonly tx: number } }[];
  readonly tables: readonly SpeedTable[];
}

interface Comparison {
  readonly rust: number;
  readonly c: number;
}

interface DriversDocument {
  readonly rustInlineHelpers: boolean;
  readonly instructions: readonly {
    readonly direction: string;
    readonly burst: number;
    readonly instructions: Comparison;
    readonly interrupts: Comparison;
  }[];
  readonly ownInstructions: readonly { readonly instructions: Comparison }[];
  readonly latency: readonly {
    readonly to: string;
    readonly median: Comparison;
    readonly p99: Comparison;
  }[];
  readonly memory: readonly { readonly what: string; readonly bytes: Comparison }[];
  readonly size: readonly { readonly what: string; readonly bytes: Comparison }[];
  readonly speed: { readonly tables: readonly SpeedTable[] };
}

describe('lab bench', function () {
  this.timeout(900_000);

  it('measures cards of two makes in one guest, both ways and at both lengths', async () => {
    const { exitCode, document } = await ferrolabJson<NicDocument>(
      ['bench', 'nic', '--rounds', '1', '--seconds', '1', '--nics', 'ferronic-c,e1000e'],
      { timeoutMs: 300_000 },
    );
    expect(exitCode).to.equal(0);
    expect(document.nics.map(({ name }) => name)).to.deep.equal(['ferronic-c', 'e1000e']);
    expect(document.tables).to.have.length(4);
    for (const { direction, bytes, yardstick, rows } of document.tables) {
      expect(yardstick).to.equal('e1000e');
      expect(rows).to.have.length(2);
      for (const { name, packets } of rows) {
        expect(packets.median, `${name} ${direction} ${bytes}`).to.be.above(0);
      }
    }
    expect(qemuProcesses('ferrolab-bench-'), 'no QEMU is left').to.deep.equal([]);
  });

  it('compares the drivers by instructions, interrupts, memory, size and speed', async () => {
    const { exitCode, document } = await ferrolabJson<DriversDocument>(
      ['bench', 'drivers', '--rounds', '1', '--seconds', '1', '--packets', '1000'],
      { timeoutMs: 840_000 },
    );
    expect(exitCode).to.equal(0);
    for (const driver of ['rust', 'c'] as const) {
      for (const { direction, burst, instructions, interrupts } of document.instructions) {
        // What any driver costs: less than a hundred would be a stub, more than this a stopped queue.
        expect(instructions[driver], `${driver} ${direction} ${burst}`).to.be.within(100, 20_000);
        expect(interrupts[driver], `${driver} ${direction} ${burst}`).to.be.within(0.01, 2);
      }
      expect(document.ownInstructions).to.have.length(2);
      for (const { instructions } of document.ownInstructions) {
        // A frame needs a descriptor at least, and a driver is not the stack.
        expect(instructions[driver], `${driver} own`).to.be.within(50, 1_000);
      }
      for (const { to, median, p99 } of document.latency) {
        expect(median[driver], `${driver} ${to}`).to.be.within(10, 100_000);
        expect(p99[driver], `${driver} ${to}`).to.be.at.least(median[driver]);
      }
      for (const what of ['module', 'interface up']) {
        const row = document.memory.find((one) => one.what === what);
        expect(row?.bytes[driver], `${driver} ${what}`).to.be.above(4_096);
      }
      expect(document.size[0]?.bytes[driver], `${driver} text`).to.be.above(1_000);
    }
    expect(document.speed.tables).to.have.length(4);
    expect(document.speed.tables[0]?.yardstick).to.equal('ferronic-c');
  });
});
