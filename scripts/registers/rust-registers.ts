// SPDX-License-Identifier: Apache-2.0

import { GENERATED_NOTE } from './c-macros.ts';
import type {
  Block,
  Constant,
  Descriptor,
  DescriptorWord,
  Field,
  Register,
  RegisterDescription,
} from './description.ts';
import { hex, highestFirst } from './description.ts';
import { wrapText } from './wrap-text.ts';

const WIDTH = 100;

function doc(text: string, indent: string): readonly string[] {
  const sentence = /[.!]\)?$/.test(text) ? text : `${text}.`;
  const linked = sentence.replaceAll(/\b[A-Z][A-Z_]*[._][A-Z][A-Z_.]*\b/g, '`$&`');
  return wrapText(linked, WIDTH - indent.length - 4).map((line) => `${indent}/// ${line}`);
}

function camelCase(name: string): string {
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function fieldLines(field: Field): readonly string[] {
  const asBool = field.hi === field.lo ? ' => bool' : '';
  const range = `${field.hi}:${field.lo}`.padEnd(7);
  return [...doc(field.doc, '        '), `        ${range} ${field.name.toLowerCase()}${asBool};`];
}

function fieldBody(fields: readonly Field[]): readonly string[] {
  return highestFirst(fields).flatMap(fieldLines);
}

function arrayBounds(register: Register): string {
  if (register.count === 1) return '';
  return `[${register.count}, stride = ${hex(register.stride, 2)}]`;
}

function registerLines(register: Register): readonly string[] {
  return [
    ...doc(register.doc, '    '),
    `    pub(crate) ${register.name}(u32)${arrayBounds(register)} @ ${hex(register.offset, 4)} {`,
    ...fieldBody(register.fields),
    '    }',
  ];
}

function blockLines(block: Block): readonly string[] {
  const registers = block.registers.flatMap((register, index) =>
    index === 0 ? registerLines(register) : ['', ...registerLines(register)],
  );
  const heading = wrapText(`${block.name.replaceAll('_', ' ')}: ${block.doc}`, WIDTH - 3);
  return ['', ...heading.map((line) => `// ${line}`), '', 'register! {', ...registers, '}'];
}

/* Groups of four digits, as clippy's unreadable_literal wants them. */
function literal(constant: Constant): string {
  if (constant.text.startsWith('0x')) return constant.text;
  return constant.text.replaceAll(/\B(?=(\d{3})+$)/g, '_');
}

function constantLines(constant: Constant): readonly string[] {
  return [
    ...doc(constant.doc, ''),
    `pub(crate) const ${constant.name}: ${constant.rustType} = ${literal(constant)};`,
  ];
}

function wordBitfield(descriptor: Descriptor, word: DescriptorWord): readonly string[] {
  if (word.fields.length === 0) return [];
  return [
    '',
    'bitfield! {',
    ...doc(`${word.name} word of a ${descriptor.name}: ${word.doc}`, '    '),
    `    pub(crate) struct ${camelCase(`${descriptor.name}_${word.name}`)}(u32) {`,
    ...fieldBody(word.fields),
    '    }',
    '}',
  ];
}

function descriptorLines(descriptor: Descriptor): readonly string[] {
  const members = descriptor.words.flatMap((word) => [
    ...doc(word.doc, '    '),
    `    pub(crate) ${word.name.toLowerCase()}: u${word.bits},`,
  ]);
  return [
    '',
    ...doc(descriptor.doc, ''),
    '#[repr(C)]',
    '#[derive(Clone, Copy, Default, FromBytes, IntoBytes)]',
    `pub(crate) struct ${camelCase(descriptor.name)} {`,
    ...members,
    '}',
    ...descriptor.words.flatMap((word) => wordBitfield(descriptor, word)),
  ];
}

/** Registers, constants and descriptors of the Rust driver (kernel-module/rust/regs.rs). */
export function renderRustRegisters(regs: RegisterDescription): string {
  return [
    '// SPDX-License-Identifier: GPL-2.0',
    '',
    ...wrapText(`Registers and descriptors of the ${camelCase(regs.name)} NIC.`, WIDTH - 4).map(
      (line) => `//! ${line}`,
    ),
    '//!',
    ...wrapText(GENERATED_NOTE, WIDTH - 4).map((line) => `//! ${line}`),
    '',
    '// The description is complete; a driver need not use all of it.',
    '#![allow(dead_code)]',
    '',
    'use kernel::{',
    '    bitfield,',
    '    io::register,',
    '    prelude::*, //',
    '};',
    '',
    '/// PCI vendor of the device.',
    `pub(crate) const PCI_VENDOR_ID: u16 = ${hex(regs.pci.vendor, 4)};`,
    '/// PCI device number of the device.',
    `pub(crate) const PCI_DEVICE_ID: u16 = ${hex(regs.pci.device, 4)};`,
    ...regs.constants.flatMap(constantLines),
    ...regs.blocks.flatMap(blockLines),
    ...regs.descriptors.flatMap(descriptorLines),
    '',
  ].join('\n');
}
