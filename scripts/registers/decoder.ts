// SPDX-License-Identifier: Apache-2.0

import { GENERATED_NOTE } from './c-macros.ts';
import type { Field, Register, RegisterDescription } from './description.ts';
import { hex, highestFirst } from './description.ts';

const TYPES = `export interface RegisterField {
  readonly name: string;
  readonly hi: number;
  readonly lo: number;
}

export interface RegisterLayout {
  readonly name: string;
  readonly offset: number;
  readonly access: 'ro' | 'rw' | 'wo' | 'rw1c';
  readonly fields: readonly RegisterField[];
}
`;

const DECODER = `const byOffset: ReadonlyMap<number, RegisterLayout> = new Map(
  registers.map((register) => [register.offset, register]),
);

/** The register at an offset of the register BAR, if there is one. */
export function registerAt(offset: number): RegisterLayout | undefined {
  return byOffset.get(offset);
}

/** Value of a field in a 32-bit word. */
export function fieldValue(field: RegisterField, word: number): number {
  return Math.floor((word >>> 0) / 2 ** field.lo) % 2 ** (field.hi - field.lo + 1);
}

/** A register access as text, such as \`STATUS READY=1 LINK_UP=0\`; fields from the highest bit down. */
export function decodeRegister(offset: number, word: number): string {
  const register = registerAt(offset);
  if (register === undefined) return \`0x\${offset.toString(16)} 0x\${(word >>> 0).toString(16)}\`;
  const fields = register.fields.map((field) => \`\${field.name}=\${fieldText(field, word)}\`);
  return [register.name, ...fields].join(' ');
}

function fieldText(field: RegisterField, word: number): string {
  const value = fieldValue(field, word);
  return value < 10 ? String(value) : \`0x\${value.toString(16)}\`;
}
`;

function fieldLiteral(field: Field): string {
  return `{ name: '${field.name}', hi: ${field.hi}, lo: ${field.lo} }`;
}

function registerLiteral(register: Register): readonly string[] {
  const { name, offset, access } = register;
  return [
    '  {',
    `    name: '${name}', offset: ${hex(offset, 4)}, access: '${access}',`,
    `    fields: [${highestFirst(register.fields).map(fieldLiteral).join(', ')}],`,
    '  },',
  ];
}

function fieldList(name: string, fields: readonly Field[]): readonly string[] {
  return [
    `export const ${name}: readonly RegisterField[] = [`,
    ...highestFirst(fields).map((field) => `  ${fieldLiteral(field)},`),
    '];',
    '',
  ];
}

function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Decoder of register traces for the harness (lab/src/trace/registers.gen.ts). */
export function renderDecoder(regs: RegisterDescription): string {
  const statusFields = regs.descriptors.flatMap((descriptor) =>
    descriptor.words
      .filter((word) => word.fields.length > 0)
      .flatMap((word) =>
        fieldList(camelCase(`${descriptor.name}_${word.name}_FIELDS`), word.fields),
      ),
  );
  return [
    '// SPDX-License-Identifier: Apache-2.0',
    `// ${GENERATED_NOTE}`,
    '',
    TYPES,
    '/** Every register of the device, by block and offset. */',
    'export const registers: readonly RegisterLayout[] = [',
    ...regs.blocks.flatMap((block) => block.registers.flatMap(registerLiteral)),
    '];',
    '',
    ...statusFields,
    DECODER,
  ].join('\n');
}
