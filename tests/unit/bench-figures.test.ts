// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { hasOption } from '../../lab/src/bench/driver-bench.ts';
import {
  bursts,
  type Count,
  packetCosts,
  parseCounts,
} from '../../lab/src/bench/instruction-count.ts';
import { delaysOf, parseCalls, parseMessages } from '../../lab/src/bench/interrupt-latency.ts';
import { parseMemory } from '../../lab/src/bench/memory-use.ts';
import { parseSections } from '../../lab/src/bench/module-size.ts';
import { executed } from '../../lab/src/bench/own-instructions.ts';
import { frameBytes } from '../../lab/src/bench/speed.ts';
import { parseSent } from '../../lab/src/bench/transmit.ts';

describe('what pktgen says', () => {
  it('is read for each of its senders', () => {
    const output = [
      'completed 700',
      'sender eth0@0 Result: OK: 2013051(c2013050+d1) usec, 192700 (60byte,0frags) 95725pps 45Mb/sec (45948000bps) errors: 0',
      'sender eth0@1 Result: OK: 1929037(c1929037+d0) usec, 208835 (60byte,-1frags) 108258pps 51Mb/sec (51963840bps) errors: 2',
    ].join('\n');
    expect(parseSent(output)).to.deep.equal([
      { packets: 192_700, us: 2_013_051, errors: 0 },
      { packets: 208_835, us: 1_929_037, errors: 2 },
    ]);
  });

  it('is an error when there is no result in it', () => {
    expect(() => parseSent('completed 0\nsender eth0@0 Result: Idle')).to.throw(/Idle/);
  });
});

describe('a log of executed instructions', () => {
  it('has a line for each, between whatever else QEMU writes', () => {
    const line =
      'Trace 0: 0x7f1c00 [0000000000000000/ffffffffa0000010/0000c0b3/ff000200] start_xmit';
    expect(executed('')).to.equal(0);
    expect(executed(`${line}\nStopped execution of Trace 0\n${line}\n${line}\n`)).to.equal(3);
  });
});

describe('a count of instructions', () => {
  const line = (label: string, frames: number, us: number): string =>
    `count ${label} 60 1 interrupts 500 frames ${frames} sender eth1@0 Result: OK: ${us}(c${us}+d0) usec, 1000 (60byte,-1frags) 1pps 1Mb/sec (1bps) errors: 0`;

  it('is virtual time in units of 8 ns, for one packet', () => {
    expect(parseCounts(line('sent', 0, 16_000))).to.deep.equal([
      { label: 'sent', bytes: 60, burst: 1, instructions: 2_000, interrupts: 0.5 },
    ]);
  });

  it('is refused when packets were lost on their way', () => {
    expect(() => parseCounts(line('received', 999, 16_000))).to.throw(/999 of 1000/);
    expect(parseCounts(line('received', 1_000, 16_000))).to.have.length(1);
  });

  const boot = (sent: number, received: number, unreceived: number): Count[] =>
    frameBytes.flatMap((bytes) =>
      bursts.flatMap((burst) =>
        Object.entries({ sent, received, unreceived }).map(
          ([label, instructions]): Count => ({
            label: label as Count['label'],
            bytes,
            burst,
            instructions,
            interrupts: 1,
          }),
        ),
      ),
    );

  it('of receiving leaves out what sending cost, boot by boot', () => {
    const costs = packetCosts([boot(100, 900, 300), boot(110, 910, 300), boot(120, 930, 310)]);
    expect(costs).to.have.length(8);
    for (const { direction, instructions } of costs) {
      const expected = direction === 'sent' ? [100, 110, 120] : [600, 610, 620];
      expect(instructions.samples).to.deep.equal(expected);
      expect(instructions.median).to.equal(expected[1]);
    }
  });

  it('is refused when one of them is missing', () => {
    const incomplete = boot(1, 3, 1).filter(({ label }) => label !== 'unreceived');
    expect(() => packetCosts([incomplete])).to.throw(/unreceived 60 1 is missing/);
  });
});

describe('the latency of interrupts', () => {
  it('is taken from the last message of the same vector, and ends at the handler and at the next poll', () => {
    const messages = [
      { vector: 2, ns: 100 },
      { vector: 1, ns: 190 },
      { vector: 2, ns: 200 },
      { vector: 2, ns: 900 },
    ];
    const calls = [
      { kind: 'handler', number: 2, ns: 210 },
      { kind: 'poll', number: 0, ns: 250 },
      { kind: 'handler', number: 2, ns: 930 },
    ] as const;
    expect(delaysOf(messages, calls)).to.deep.equal([
      { toHandler: 10, toPoll: 50 },
      { toHandler: 30 },
    ]);
  });

  it('leaves out vectors that are not under load', () => {
    const messages = [
      { vector: 0, ns: 1 },
      { vector: 3, ns: 10 },
      { vector: 3, ns: 30 },
    ];
    const calls = [
      { kind: 'handler', number: 0, ns: 5 },
      { kind: 'handler', number: 3, ns: 11 },
      { kind: 'poll', number: 0, ns: 12 },
      { kind: 'handler', number: 3, ns: 33 },
      { kind: 'poll', number: 0, ns: 39 },
    ] as const;
    expect(delaysOf(messages, calls).map(({ toHandler }) => toHandler)).to.deep.equal([1, 3]);
  });

  it('is read from the trace of one card and from the calls of one load', () => {
    const trace = [
      'ferronic_irq_fire sender: vector 2 at 1000 ns',
      'ferronic_irq_fire receiver: vector 1 at 1001 ns',
      'ferronic_irq_fire sender: vector 2 at 2000 ns',
    ].join('\n');
    expect(parseMessages(trace, 'sender')).to.deep.equal([
      { vector: 2, ns: 1_000 },
      { vector: 2, ns: 2_000 },
    ]);
    const console =
      'calls of sent: 1\nhandler 2 1010\nend of calls\ncalls of received: 2\nhandler 1 5\npoll 0 6\nend of calls\n';
    expect(parseCalls(console, 'sent')).to.deep.equal([{ kind: 'handler', number: 2, ns: 1_010 }]);
    expect(parseCalls(console, 'received')).to.have.length(2);
  });

  it('is refused when lines of the console are missing', () => {
    const torn = 'calls of sent: 2\nhandler 2 1010\npo\nend of calls\n';
    expect(() => parseCalls(torn, 'sent')).to.throw(/1 of 2 calls/);
    expect(() => parseCalls('', 'sent')).to.throw(/0 of no calls/);
  });
});

describe('the size of a driver', () => {
  it('in memory is a share of the pages that eight cards took', () => {
    const turns = ['pages 8 2000 1000', 'pages 16 2016 900', 'pages 8 2000 800'];
    const rest = ['pages 8 2000 700', 'pages 0 1000 680'];
    const console = ['module 57344', 'free 1000', ...turns, ...rest].join('\n');
    expect(parseMemory(console)).to.deep.equal({
      module: 57_344,
      bound: 4_096,
      up: 1_024_000,
      left: (320 / 5 / 8) * 4_096,
    });
  });

  it('as a module is its code, constants and data, without what only tools read', () => {
    const output = [
      'ferronic.ko  :',
      'section                 size   addr',
      '.text                   1000      0',
      '.init.text                50      0',
      '.exit.text                 5      0',
      '.rodata                  200      0',
      '.rodata.str1.1            20      0',
      '.data.rel.ro               3      0',
      '.data                    300      0',
      '.bss                      30      0',
      '.debug_info            99999      0',
      '.rela.text              8888      0',
      'Total                 110495',
    ].join('\n');
    expect(parseSections(output)).to.deep.equal({ text: 1_055, readOnlyData: 223, data: 330 });
  });
});

describe("the kernel's options", () => {
  it('count as on only when built in', () => {
    const config = '# CONFIG_RUST_INLINE_HELPERS is not set\nCONFIG_RUST=y\nCONFIG_A_RUST=m';
    expect(hasOption(config, 'CONFIG_RUST')).to.equal(true);
    expect(hasOption(config, 'CONFIG_RUST_INLINE_HELPERS')).to.equal(false);
    expect(hasOption(config, 'CONFIG_A_RUST')).to.equal(false);
  });
});
