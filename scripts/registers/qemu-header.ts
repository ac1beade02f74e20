// SPDX-License-Identifier: Apache-2.0

import { cMacros, comment, GENERATED_NOTE } from './c-macros.ts';
import type { Register, RegisterDescription } from './description.ts';
import { allRegisters, fieldsMask, hex } from './description.ts';

function modelMacros(register: Register): readonly string[] {
  const name = `FERRONIC_${register.name}`;
  return [
    `#define ${`${name}_RESET_VALUE`.padEnd(38)} ${hex(register.reset, 8)}u`,
    `#define ${`${name}_BITS`.padEnd(38)} ${hex(fieldsMask(register.fields), 8)}u`,
  ];
}

/* An X-macro, so that the model can make a table of names or of access rights. */
function registerList(registers: readonly Register[]): readonly string[] {
  const lines = registers.map(
    (register) => `    X(${register.name}, ${register.access.toUpperCase()})`,
  );
  const body = ['#define FERRONIC_REGISTERS(X)', ...lines];
  return body.map((line, index) => (index + 1 < body.length ? `${line.padEnd(46)} \\` : line));
}

/** C header of the QEMU model and its qtest (qemu-device/ferronic_regs.gen.h). */
export function renderQemuHeader(regs: RegisterDescription): string {
  const registers = allRegisters(regs);
  return [
    '/* SPDX-License-Identifier: GPL-2.0-or-later */',
    ...comment(GENERATED_NOTE),
    '#ifndef HW_NET_FERRONIC_REGS_GEN_H',
    '#define HW_NET_FERRONIC_REGS_GEN_H',
    '',
    ...cMacros(regs),
    '',
    '/* Value after reset, and the bits that exist. */',
    ...registers.flatMap(modelMacros),
    '',
    '/* Every register with its access: X(name, RO | RW | WO | RW1C). */',
    ...registerList(registers),
    '',
    '#endif /* HW_NET_FERRONIC_REGS_GEN_H */',
    '',
  ].join('\n');
}
