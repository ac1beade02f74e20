// SPDX-License-Identifier: Apache-2.0

export type Access = 'ro' | 'rw' | 'wo' | 'rw1c';

export interface Field {
  readonly name: string;
  readonly hi: number;
  readonly lo: number;
  readonly doc: string;
}

/** A register, or an array of equal ones, `stride` bytes apart. */
export interface Register {
  readonly name: string;
  readonly offset: number;
  readonly count: number;
  readonly stride: number;
  readonly access: Access;
  readonly reset: number;
  readonly resetNote: string | undefined;
  readonly doc: string;
  readonly fields: readonly Field[];
}

export interface Block {
  readonly name: string;
  readonly doc: string;
  readonly registers: readonly Register[];
}

export interface DescriptorWord {
  readonly name: string;
  readonly offset: number;
  readonly bits: 32 | 64;
  readonly doc: string;
  readonly fields: readonly Field[];
}

export interface Descriptor {
  readonly name: string;
  readonly size: number;
  readonly doc: string;
  readonly words: readonly DescriptorWord[];
}

export type RustType = 'u32' | 'u64' | 'usize';

export interface Constant {
  readonly name: string;
  readonly value: number;
  /** As it is written in the description: decimal or hexadecimal. */
  readonly text: string;
  readonly rustType: RustType;
  readonly doc: string;
}

/** A rule of the datasheet that the driver must keep and the device checks. */
export interface Rule {
  readonly number: number;
  readonly name: string;
  /** What has happened when it was not kept, in a few words. */
  readonly broken: string;
  readonly doc: string;
}

export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  readonly class: number;
}

/** The hardware as `ferronic.regs.json` describes it, validated. */
export interface RegisterDescription {
  readonly name: string;
  readonly description: string;
  readonly pci: PciIdentity;
  readonly constants: readonly Constant[];
  readonly blocks: readonly Block[];
  readonly descriptors: readonly Descriptor[];
  readonly rules: readonly Rule[];
}

/** All registers of all blocks, in the order of the description. */
export function allRegisters(regs: RegisterDescription): readonly Register[] {
  return regs.blocks.flatMap((block) => block.registers);
}

/** Offsets of every element of a register. */
export function registerOffsets(register: Register): readonly number[] {
  return Array.from({ length: register.count }, (_, i) => register.offset + i * register.stride);
}

/** Mask of a field in its word. */
export function fieldMask(field: Field): number {
  const ones = 2 ** (field.hi - field.lo + 1) - 1;
  return ones * 2 ** field.lo;
}

/** Mask of all fields of a word; they do not overlap. */
export function fieldsMask(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + fieldMask(field), 0);
}

/** Fields from the highest bit to the lowest. */
export function highestFirst(fields: readonly Field[]): readonly Field[] {
  return fields.toSorted((a, b) => b.hi - a.hi);
}

/** `0x` and at least `digits` hexadecimal digits. */
export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
