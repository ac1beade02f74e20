// SPDX-License-Identifier: Apache-2.0

import { GENERATED_NOTE } from './c-macros.ts';
import type { Field, Register, RegisterDescription, Rule } from './description.ts';
import { hex, highestFirst } from './description.ts';

const TYPES = `export interface RegisterField {
  readonly name: string;
  readonly hi: number;
  readonly lo: number;
}

export interface RegisterLayout {
  readonly name: string;
  readonly offset: number;
  /** Elements of an array of registers, and the bytes from one to the next. */
  readonly count: number;
  readonly stride: number;
  readonly access: 'ro' | 'rw' | 'wo' | 'rw1c';
  readonly fields: readonly RegisterField[];
}

export interface RegisterPlace {
  readonly register: RegisterLayout;
  readonly index: number;
}

export interface ContractRule {
  readonly number: number;
  readonly name: string;
  /** What has happened when it was not kept, in a few words. */
  readonly broken: string;
  readonly text: string;
}
`;

const DECODER = `function places(register: RegisterLayout): readonly (readonly [number, RegisterPlace])[] {
  return Array.from({ length: register.count }, (_, index) => [
    register.offset + index * register.stride,
    { register, index },
  ]);
}

const byOffset: ReadonlyMap<number, RegisterPlace> = new Map(registers.flatMap(places));

const byRule: ReadonlyMap<number, ContractRule> = new Map(
  contractRules.map((rule) => [rule.number, rule]),
);

/** The register at an offset of the register BAR, if there is one. */
export function registerAt(offset: number): RegisterPlace | undefined {
  return byOffset.get(offset);
}

/** The rule with a number, as the device reports it. */
export function contractRule(number: number): ContractRule | undefined {
  return byRule.get(number);
}

/** Value of a field in a 32-bit word. */
export function fieldValue(field: RegisterField, word: number): number {
  return Math.floor((word >>> 0) / 2 ** field.lo) % 2 ** (field.hi - field.lo + 1);
}

/** A register access as text, such as \`STATUS READY=1 LINK_UP=0\`; fields from the highest bit down. */
export function decodeRegister(offset: number, word: number): string {
  const place = registerAt(offset);
  if (place === undefined) return \`0x\${offset.toString(16)} 0x\${(word >>> 0).toString(16)}\`;
  const { register, index } = place;
  const name = register.count === 1 ? register.name : \`\${register.name}[\${index}]\`;
  const fields = register.fields.map((field) => \`\${field.name}=\${fieldText(field, word)}\`);
  return [name, ...fields].join(' ');
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
  const { name, offset, count, stride, access } = register;
  return [
    '  {',
    `    name: '${name}', offset: ${hex(offset, 4)}, count: ${count}, stride: ${hex(stride, 2)}, access: '${access}',`,
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

function ruleLiteral(rule: Rule): string {
  const { number, name, broken, doc } = rule;
  const texts = `broken: ${JSON.stringify(broken)}, text: ${JSON.stringify(doc)}`;
  return `  { number: ${number}, name: '${name}', ${texts} },`;
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
    '/** The rules that the device checks, by number. */',
    'export const contractRules: readonly ContractRule[] = [',
    ...regs.rules.map(ruleLiteral),
    '];',
    '',
    DECODER,
  ].join('\n');
}
