// SPDX-License-Identifier: Apache-2.0

import type {
  Block,
  Constant,
  Descriptor,
  DescriptorWord,
  Field,
  Register,
  RegisterDescription,
  Rule,
} from './description.ts';
import { allRegisters, registerOffsets } from './description.ts';
import { DescriptionError, ObjectReader } from './json-reader.ts';

const ACCESS = ['ro', 'rw', 'wo', 'rw1c'] as const;
const RUST_TYPES = ['u32', 'u64', 'usize'] as const;

function readName(from: ObjectReader): string {
  const name = from.text('name');
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) from.fail('the name must be in upper case');
  return name;
}

function rejectDuplicates(where: string, what: string, values: readonly (string | number)[]): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice === undefined) return;
  const shown = typeof twice === 'number' ? `0x${twice.toString(16)}` : twice;
  throw new DescriptionError(where, `${what} ${shown} is used twice`);
}

function readField(from: ObjectReader, bits: number): Field {
  from.rejectOthers(['name', 'hi', 'lo', 'doc']);
  const field = {
    name: readName(from),
    hi: from.number('hi'),
    lo: from.number('lo'),
    doc: from.text('doc'),
  };
  if (field.hi < field.lo) from.fail(`bits ${field.hi}:${field.lo} are the wrong way round`);
  if (field.hi >= bits) from.fail(`bit ${field.hi} does not exist in a word of ${bits} bits`);
  return field;
}

function rejectOverlaps(from: ObjectReader, fields: readonly Field[]): void {
  const byBit = fields.toSorted((a, b) => a.lo - b.lo);
  for (const [index, upper] of byBit.entries()) {
    const lower = byBit[index - 1];
    if (lower !== undefined && index > 0 && upper.lo <= lower.hi) {
      from.fail(`fields ${lower.name} and ${upper.name} overlap`);
    }
  }
}

function checkFields(from: ObjectReader, fields: readonly Field[]): readonly Field[] {
  rejectDuplicates(
    from.where,
    'field name',
    fields.map((field) => field.name),
  );
  rejectOverlaps(from, fields);
  return fields;
}

function readRegister(from: ObjectReader): Register {
  from.rejectOthers([
    'name',
    'offset',
    'count',
    'stride',
    'access',
    'reset',
    'resetNote',
    'doc',
    'fields',
  ]);
  const register = {
    name: readName(from),
    offset: from.number('offset'),
    count: from.optionalNumber('count') ?? 1,
    stride: from.optionalNumber('stride') ?? 4,
    access: from.oneOf('access', ACCESS),
    reset: from.number('reset'),
    resetNote: from.optionalText('resetNote'),
    doc: from.text('doc'),
    fields: checkFields(
      from,
      from.list('fields', (field) => readField(field, 32)),
    ),
  };
  if (register.offset % 4 !== 0) from.fail('the offset must be a multiple of 4');
  if (register.stride % 4 !== 0 || register.stride === 0) {
    from.fail('the stride must be a multiple of 4');
  }
  if (register.count === 0) from.fail('an array of no registers');
  if (register.reset > 0xffff_ffff) from.fail('the reset value does not fit 32 bits');
  return register;
}

function readBlock(from: ObjectReader): Block {
  from.rejectOthers(['name', 'doc', 'registers']);
  return {
    name: from.text('name'),
    doc: from.text('doc'),
    registers: from.list('registers', readRegister),
  };
}

function readWord(from: ObjectReader): DescriptorWord {
  from.rejectOthers(['name', 'offset', 'bits', 'doc', 'fields']);
  const bits = from.number('bits');
  if (bits !== 32 && bits !== 64) from.fail('"bits" must be 32 or 64');
  const fields = from.optionalList('fields', (field) => readField(field, bits));
  if (bits === 64 && fields.length > 0) from.fail('only words of 32 bits can have fields');
  return {
    name: readName(from),
    offset: from.number('offset'),
    bits,
    doc: from.text('doc'),
    fields: checkFields(from, fields),
  };
}

/** Words must fill the descriptor in order: it becomes a struct without padding. */
function checkLayout(from: ObjectReader, size: number, words: readonly DescriptorWord[]): void {
  let end = 0;
  for (const word of words) {
    if (word.offset !== end) from.fail(`word ${word.name} must be at offset ${end}`);
    end += word.bits / 8;
  }
  if (end !== size) from.fail(`the words fill ${end} of ${size} bytes`);
}

function readDescriptor(from: ObjectReader): Descriptor {
  from.rejectOthers(['name', 'size', 'doc', 'words']);
  const size = from.number('size');
  const words = from.list('words', readWord);
  checkLayout(from, size, words);
  return { name: readName(from), size, doc: from.text('doc'), words };
}

function readConstant(from: ObjectReader): Constant {
  from.rejectOthers(['name', 'value', 'rustType', 'doc']);
  return {
    name: readName(from),
    value: from.number('value'),
    text: from.numberText('value'),
    rustType: from.oneOf('rustType', RUST_TYPES, 'u32'),
    doc: from.text('doc'),
  };
}

function readRule(from: ObjectReader): Rule {
  from.rejectOthers(['number', 'name', 'broken', 'doc']);
  const rule = {
    number: from.number('number'),
    name: readName(from),
    broken: from.text('broken'),
    doc: from.text('doc'),
  };
  if (rule.number === 0) from.fail('rules are numbered from 1');
  return rule;
}

/* The numbers are in logs that outlive a version: none is left out, none is used again. */
function checkRules(where: string, rules: readonly Rule[]): void {
  for (const [index, rule] of rules.entries()) {
    if (rule.number === index + 1) continue;
    throw new DescriptionError(where, `rule ${rule.name} must have the number ${index + 1}`);
  }
}

function checkRegisters(where: string, regs: RegisterDescription): void {
  const registers = allRegisters(regs);
  rejectDuplicates(where, 'register offset', registers.flatMap(registerOffsets));
  const limit = regs.constants.find((constant) => constant.name === 'BAR_REGS_SIZE')?.value;
  const outside = registers.find(
    (register) =>
      limit !== undefined && registerOffsets(register).some((offset) => offset + 4 > limit),
  );
  if (outside !== undefined) {
    throw new DescriptionError(where, `register ${outside.name} lies past BAR_REGS_SIZE`);
  }
}

function namesWithFields(owner: string, fields: readonly Field[]): readonly string[] {
  return [owner, ...fields.map((field) => `${owner}_${field.name}`)];
}

/** In C all names share one space: a constant X_Y collides with the field Y of register X. */
function checkNames(where: string, regs: RegisterDescription): void {
  rejectDuplicates(where, 'name', [
    ...regs.constants.map((constant) => constant.name),
    ...regs.blocks.flatMap((block) =>
      block.registers.flatMap((register) => namesWithFields(register.name, register.fields)),
    ),
    ...regs.descriptors.flatMap((descriptor) =>
      descriptor.words.flatMap((word) =>
        namesWithFields(`${descriptor.name}_${word.name}`, word.fields),
      ),
    ),
    ...regs.rules.map((rule) => `RULE_${rule.name}`),
  ]);
}

/** Validates a parsed `*.regs.json`; throws DescriptionError with the place of the mistake. */
export function parseDescription(json: unknown, where = 'regs.json'): RegisterDescription {
  const from = new ObjectReader(json, where);
  from.rejectOthers([
    'spdx',
    'name',
    'description',
    'pci',
    'constants',
    'blocks',
    'descriptors',
    'rules',
  ]);
  const pci = from.object('pci');
  const regs: RegisterDescription = {
    name: from.text('name'),
    description: from.text('description'),
    pci: {
      vendor: pci.number('vendor'),
      device: pci.number('device'),
      revision: pci.number('revision'),
      class: pci.number('class'),
    },
    constants: from.list('constants', readConstant),
    blocks: from.list('blocks', readBlock),
    descriptors: from.list('descriptors', readDescriptor),
    rules: from.list('rules', readRule),
  };
  checkRules(where, regs.rules);
  checkRegisters(where, regs);
  checkNames(where, regs);
  return regs;
}
