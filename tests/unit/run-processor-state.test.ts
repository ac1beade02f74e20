// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { sleepsInInterrupt } from '../../lab/src/run/processor-state.ts';

/** As QEMU prints it, of a guest that had not answered for half a minute. */
function processors(isr: string, hlt: 0 | 1): string {
  return `processor 0: info lapic 0
dumping local APIC state for CPU 0

Timer\t DCR=0x3 (divide by 16) initial_count = 20640152 current_count = 14531543
ISR\t (none)
IRR\t (none)

processor 0: info registers

CPU#0
RIP=ffffffff81f9bd22 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1

processor 1: info lapic 1
dumping local APIC state for CPU 1

Timer\t DCR=0x3 (divide by 16) initial_count = 40707 current_count = 0
ISR\t ${isr}
IRR\t 33 34 35 236

processor 1: info registers

CPU#1
RIP=ffffffff81f9bd22 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=${hlt}
`;
}

describe('the state of the processors', () => {
  it('shows that the end of an interrupt was lost, when one sleeps with it in service', () => {
    expect(sleepsInInterrupt(processors('236', 1))).to.equal(true);
  });

  it('shows nothing of the kind when it works on the interrupt, or none is in service', () => {
    expect(sleepsInInterrupt(processors('236', 0))).to.equal(false);
    expect(sleepsInInterrupt(processors('(none)', 1))).to.equal(false);
    expect(sleepsInInterrupt('')).to.equal(false);
  });
});
