// SPDX-License-Identifier: Apache-2.0

/** Reads the members of a JSON object and collects, in words, what is wrong with them. */
export class MemberReader {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #problems: string[];
  readonly #seen = new Set<string>();

  private constructor(
    members: Readonly<Record<string, unknown>>,
    where: string,
    problems: string[],
  ) {
    this.#members = members;
    this.#where = where;
    this.#problems = problems;
  }

  /** `where` names the object in complaints. */
  static of(value: unknown, where: string, problems: string[]): MemberReader {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new MemberReader(value as Record<string, unknown>, where, problems);
    }
    problems.push(`${where} is not an object`);
    return new MemberReader({}, where, []);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  isText(name: string): boolean {
    return typeof this.#members[name] === 'string';
  }

  /** Text that is not empty. */
  text(name: string): string {
    const value = this.#take(name);
    if (typeof value === 'string' && value.trim() !== '') return value;
    this.#reject(name, value, 'must be text, and not empty');
    return '';
  }

  /** A list of texts, none empty, at least one. */
  texts(name: string): readonly string[] {
    const value = this.#take(name);
    const fits =
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((entry): entry is string => typeof entry === 'string' && entry.trim() !== '');
    if (fits) return value;
    this.#reject(name, value, 'must be a list of texts, and not empty');
    return [];
  }

  /** One of some words; `null` after a complaint. */
  word<T extends string>(name: string, known: readonly T[]): T | null {
    const value = this.#take(name);
    const found = known.find((word) => word === value);
    if (found !== undefined) return found;
    this.#reject(name, value, `must be one of ${known.join(', ')}`);
    return null;
  }

  /** A list of some words, each once. */
  words<T extends string>(name: string, known: readonly T[], least = 1): readonly T[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length < least) {
      this.#reject(name, value, `must be a list${least > 0 ? ', and not empty' : ''}`);
      return [];
    }
    const words: T[] = [];
    for (const entry of value) {
      const found = known.find((word) => word === entry);
      if (found === undefined) {
        this.complain(name, `has ${JSON.stringify(entry)}, which is none of ${known.join(', ')}`);
      } else if (words.includes(found)) {
        this.complain(name, `has "${found}" twice`);
      } else {
        words.push(found);
      }
    }
    return words;
  }

  /** A regular expression. */
  pattern(name: string): RegExp {
    const source = this.text(name);
    try {
      return new RegExp(source);
    } catch (error) {
      this.complain(name, error instanceof Error ? error.message : String(error));
      return /(?!)/;
    }
  }

  positiveInteger(name: string): number {
    const value = this.#take(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    this.#reject(name, value, 'must be a whole number above 0');
    return 1;
  }

  /** An object inside this one. */
  object(name: string): MemberReader {
    const value = this.#take(name);
    if (value === undefined) {
      this.complain(name, 'is missing');
      return new MemberReader({}, '', []);
    }
    return MemberReader.of(value, `${this.#where}: ${name}`, this.#problems);
  }

  /** A list of objects. */
  objects(name: string): readonly MemberReader[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) {
      this.#reject(name, value, 'must be a list of objects');
      return [];
    }
    return value.map((entry, index) =>
      MemberReader.of(entry, `${this.#where}: ${name}[${index}]`, this.#problems),
    );
  }

  /** All members as they are, for whoever else checks them. */
  all(): Readonly<Record<string, unknown>> {
    for (const name of Object.keys(this.#members)) this.#seen.add(name);
    return this.#members;
  }

  complain(name: string, problem: string): void {
    this.#problems.push(`${this.#where}: ${name} ${problem}`);
  }

  /** Complains about members that nobody asked for: they would be believed, and do nothing. */
  end(): void {
    for (const name of Object.keys(this.#members)) {
      if (!this.#seen.has(name)) this.complain(name, 'means nothing here');
    }
  }

  #take(name: string): unknown {
    this.#seen.add(name);
    return this.#members[name];
  }

  #reject(name: string, value: unknown, rule: string): void {
    this.complain(name, value === undefined ? 'is missing' : rule);
  }
}
