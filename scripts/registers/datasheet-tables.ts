// SPDX-License-Identifier: Apache-2.0

import type { Block, Descriptor, Field, Register, RegisterDescription } from './description.ts';
import { hex, highestFirst } from './description.ts';

const ACCESS_WORDS = {
  ro: 'read only',
  rw: 'read and write',
  wo: 'write only, reads as 0',
  rw1c: 'read; a bit written as 1 is cleared',
} as const;

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): readonly string[] {
  const line = (cells: Row): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function bits(field: Field): string {
  return field.hi === field.lo ? String(field.hi) : `${field.hi}:${field.lo}`;
}

function fieldRows(fields: readonly Field[]): readonly Row[] {
  return highestFirst(fields).map((field) => [bits(field), field.name, field.doc]);
}

/* Offset of a register; of an array, as a function of the index n. */
function place(register: Register): string {
  const offset = hex(register.offset, 4);
  if (register.count === 1) return offset;
  return `${offset} + ${hex(register.stride, 2)} * n, n < ${register.count}`;
}

function registerSection(register: Register): readonly string[] {
  const reset = register.resetNote ?? `\`${hex(register.reset, 8)}\``;
  return [
    `#### \`${place(register)}\` ${register.name}`,
    '',
    `${register.doc} ${sentence(ACCESS_WORDS[register.access])} After reset: ${reset}.`,
    '',
    ...table(['Bits', 'Field', 'Meaning'], fieldRows(register.fields)),
    '',
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function blockSection(block: Block): readonly string[] {
  const title = block.name.replaceAll('_', ' ');
  return [
    `### ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    '',
    block.doc,
    '',
    ...block.registers.flatMap(registerSection),
  ];
}

function descriptorSection(descriptor: Descriptor): readonly string[] {
  const words = descriptor.words.map((word) => [
    String(word.offset),
    String(word.bits),
    word.name,
    word.doc,
  ]);
  const fields = descriptor.words
    .filter((word) => word.fields.length > 0)
    .flatMap((word) => [
      `Fields of ${word.name}:`,
      '',
      ...table(['Bits', 'Field', 'Meaning'], fieldRows(word.fields)),
      '',
    ]);
  return [
    `### ${descriptor.name}`,
    '',
    `${descriptor.doc} Size: ${descriptor.size} bytes.`,
    '',
    ...table(['Byte', 'Bits', 'Word', 'Meaning'], words),
    '',
    ...fields,
  ];
}

function mapRows(regs: RegisterDescription): readonly Row[] {
  return regs.blocks.flatMap((block) =>
    block.registers.map((register) => [
      `\`${place(register)}\``,
      register.name,
      register.access,
      block.name.replaceAll('_', ' '),
    ]),
  );
}

function identityRows(regs: RegisterDescription): readonly Row[] {
  return [
    ['PCI vendor and device', `\`${hex(regs.pci.vendor, 4)}:${hex(regs.pci.device, 4)}\``],
    ['PCI class', `\`${hex(regs.pci.class, 4)}\``],
    ['Revision', String(regs.pci.revision)],
  ];
}

function ruleRows(regs: RegisterDescription): readonly Row[] {
  return regs.rules.map((rule) => [String(rule.number), rule.name, rule.doc]);
}

/** The generated sections of docs/datasheet.md, by the name in their marker. */
export function renderDatasheetTables(regs: RegisterDescription): ReadonlyMap<string, string> {
  const constants = regs.constants.map((constant) => [
    constant.name,
    `\`${constant.text}\``,
    constant.doc,
  ]);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['identity', table(['What', 'Value'], identityRows(regs))],
    ['constants', table(['Name', 'Value', 'Meaning'], constants)],
    ['register map', table(['Offset', 'Register', 'Access', 'Block'], mapRows(regs))],
    ['registers', regs.blocks.flatMap(blockSection)],
    ['descriptors', regs.descriptors.flatMap(descriptorSection)],
    ['rules', table(['No.', 'Rule', 'What the driver must keep'], ruleRows(regs))],
  ];
  return new Map(sections.map(([name, lines]) => [name, lines.join('\n').trim()]));
}
