// SPDX-License-Identifier: Apache-2.0

import { cMacros, comment, GENERATED_NOTE } from './c-macros.ts';
import type { Descriptor, Register, RegisterDescription, Rule } from './description.ts';
import { allRegisters, fieldsMask, hex } from './description.ts';
import { wrapText } from './wrap-text.ts';

const COLUMN = 74;

/* Lines of one macro, joined by backslashes. */
function macro(lines: readonly string[]): readonly string[] {
  return lines.map((line, index) =>
    index + 1 < lines.length ? `${line.padEnd(COLUMN)} \\` : line,
  );
}

function modelMacros(register: Register): readonly string[] {
  const name = `FERRONIC_${register.name}`;
  return [
    `#define ${`${name}_RESET_VALUE`.padEnd(38)} ${hex(register.reset, 8)}u`,
    `#define ${`${name}_BITS`.padEnd(38)} ${hex(fieldsMask(register.fields), 8)}u`,
  ];
}

function descriptorMacros(descriptor: Descriptor): readonly string[] {
  return descriptor.words
    .filter((word) => word.fields.length > 0)
    .map((word) => {
      const name = `FERRONIC_${descriptor.name}_${word.name}_BITS`;
      return `#define ${name.padEnd(38)} ${hex(fieldsMask(word.fields), 8)}u`;
    });
}

/* An X-macro, so that the model can make a table of names or of access rights. */
function registerList(registers: readonly Register[]): readonly string[] {
  return macro([
    '#define FERRONIC_REGISTERS(X)',
    ...registers.map((register) => {
      const { name, offset, count, stride, access } = register;
      const place = `${hex(offset, 4)}, ${count}, ${hex(stride, 2)}`;
      return `    X(${name}, ${place}, ${access.toUpperCase()})`;
    }),
  ]);
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function ruleList(rules: readonly Rule[]): readonly string[] {
  return macro([
    '#define FERRONIC_RULES(X)',
    ...rules.flatMap((rule) => {
      const text = wrapText(rule.doc, 60);
      return [
        `    X(${rule.name}, ${rule.number},`,
        ...text.map((line, index) => {
          const last = index + 1 === text.length;
          return `      ${quoted(last ? line : `${line} `)}${last ? ')' : ''}`;
        }),
      ];
    }),
  ]);
}

function ruleEnum(rules: readonly Rule[]): readonly string[] {
  return [
    'typedef enum FerronicRule {',
    ...rules.map((rule) => `    FERRONIC_RULE_${rule.name} = ${rule.number},`),
    '} FerronicRule;',
    '',
    `#define ${'FERRONIC_RULE_COUNT'.padEnd(38)} ${rules.length}`,
  ];
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
    ...regs.descriptors.flatMap(descriptorMacros),
    '',
    '/* Every register: X(name, offset, count, stride, RO | RW | WO | RW1C). */',
    ...registerList(registers),
    '',
    '/* The rules that a driver must keep; numbers start at 1. */',
    ...ruleEnum(regs.rules),
    '',
    '/* Every rule: X(name, number, text). */',
    ...ruleList(regs.rules),
    '',
    '#endif /* HW_NET_FERRONIC_REGS_GEN_H */',
    '',
  ].join('\n');
}
