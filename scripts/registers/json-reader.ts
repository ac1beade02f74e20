// SPDX-License-Identifier: Apache-2.0

/** What is wrong with a register description, and where in the file. */
export class DescriptionError extends Error {
  readonly code = 'REGISTER_DESCRIPTION_INVALID';

  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
    this.name = 'DescriptionError';
  }
}

/** Reads typed members of a JSON object; every error names the place. */
export class ObjectReader {
  readonly where: string;
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DescriptionError(where, 'must be an object');
    }
    this.where = where;
    this.#members = value as Record<string, unknown>;
  }

  fail(what: string): never {
    throw new DescriptionError(this.where, what);
  }

  rejectOthers(known: readonly string[]): void {
    const unknown = Object.keys(this.#members).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      this.fail(`unknown member ${unknown.join(', ')} (known: ${known.join(', ')})`);
    }
  }

  object(name: string): ObjectReader {
    return new ObjectReader(this.#members[name], `${this.where}.${name}`);
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.fail(`"${name}" must be a text`);
  }

  optionalText(name: string): string | undefined {
    const value = this.#members[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') this.fail(`"${name}" must be a text`);
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], otherwise?: T): T {
    const value = this.optionalText(name) ?? otherwise;
    const found = allowed.find((word) => word === value);
    return (
      found ?? this.fail(`"${name}" is ${value ?? 'missing'}; it must be ${allowed.join(', ')}`)
    );
  }

  /** A whole number from 0 to 2^53 - 1, written as a number or as a hexadecimal text. */
  number(name: string): number {
    const value = this.#members[name];
    const number =
      typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value)
        ? Number.parseInt(value, 16)
        : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
      this.fail(`"${name}" must be a whole number or a text such as "0x10"`);
    }
    return number;
  }

  optionalNumber(name: string): number | undefined {
    return this.#members[name] === undefined ? undefined : this.number(name);
  }

  /** The number as it is written. */
  numberText(name: string): string {
    this.number(name);
    return String(this.#members[name]);
  }

  list<T>(name: string, read: (item: ObjectReader) => T): readonly T[] {
    const value = this.#members[name];
    if (!Array.isArray(value)) this.fail(`"${name}" must be a list`);
    return value.map((item: unknown, index) => read(this.#item(item, name, index)));
  }

  optionalList<T>(name: string, read: (item: ObjectReader) => T): readonly T[] {
    return this.#members[name] === undefined ? [] : this.list(name, read);
  }

  #item(item: unknown, list: string, index: number): ObjectReader {
    const place = new ObjectReader(item, `${this.where}.${list}[${index}]`);
    const name = place.optionalText('name');
    return name === undefined ? place : new ObjectReader(item, `${this.where}.${list} ${name}`);
  }
}
