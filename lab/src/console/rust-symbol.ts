// SPDX-License-Identifier: Apache-2.0

/** Demangles a Rust v0 symbol (`_RNv…`) without crate hashes; any other name comes back as it is. */
export function demangleRust(symbol: string): string {
  if (!symbol.startsWith('_R')) return symbol;
  try {
    const name = new Demangler(symbol.slice(2)).symbol();
    return name.length > maxNameLength ? symbol : name;
  } catch (error) {
    if (error instanceof NotMangled) return symbol;
    throw error;
  }
}

class NotMangled extends Error {}

const maxDepth = 60;
const maxNameLength = 400;

const basicTypes = new Map(
  Object.entries({
    a: 'i8',
    b: 'bool',
    c: 'char',
    d: 'f64',
    e: 'str',
    f: 'f32',
    h: 'u8',
    i: 'isize',
    j: 'usize',
    l: 'i32',
    m: 'u32',
    n: 'i128',
    o: 'u128',
    p: '_',
    s: 'i16',
    t: 'u16',
    u: '()',
    v: '...',
    x: 'i64',
    y: 'u64',
    z: '!',
  }),
);

/** The grammar of Rust RFC 2603, as far as names of functions need it. */
class Demangler {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #work = 0;

  constructor(text: string) {
    this.#text = text;
  }

  symbol(): string {
    this.#digits();
    return this.#path(true);
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #take(): string {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new NotMangled();
    return char;
  }

  #eat(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #digits(): string {
    let digits = '';
    while (/[0-9]/.test(this.#peek())) digits += this.#take();
    return digits;
  }

  #base62(): number {
    if (this.#eat('_')) return 0;
    let value = 0;
    for (let char = this.#take(); char !== '_'; char = this.#take()) {
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(char);
      if (digit < 0) throw new NotMangled();
      value = value * 62 + digit;
    }
    return value + 1;
  }

  #disambiguator(): number {
    return this.#eat('s') ? this.#base62() + 1 : 0;
  }

  #identifier(): string {
    const punycode = this.#eat('u');
    const length = Number(this.#eat('0') ? 0 : this.#digits());
    if (length > this.#text.length) throw new NotMangled();
    this.#eat('_');
    const name = this.#text.slice(this.#at, this.#at + length);
    if (name.length !== length) throw new NotMangled();
    this.#at += length;
    return punycode ? `punycode{${name}}` : name;
  }

  #nested<T>(read: () => T): T {
    // A back reference can make the work exponential; a hostile guest chooses the text.
    if (++this.#depth > maxDepth || ++this.#work > 2000) throw new NotMangled();
    const result = read();
    this.#depth--;
    return result;
  }

  #back(read: () => string): string {
    const start = this.#at - 1;
    const target = this.#base62();
    if (target >= start) throw new NotMangled();
    const resume = this.#at;
    this.#at = target;
    const result = this.#nested(read);
    this.#at = resume;
    return result;
  }

  #path(inValue: boolean): string {
    return this.#nested(() => {
      const tag = this.#take();
      switch (tag) {
        case 'C':
          this.#disambiguator();
          return this.#identifier();
        case 'M':
        case 'X': {
          this.#disambiguator();
          this.#path(inValue);
          const self = this.#type();
          return tag === 'M' ? `<${self}>` : `<${self} as ${this.#path(false)}>`;
        }
        case 'Y': {
          const self = this.#type();
          return `<${self} as ${this.#path(false)}>`;
        }
        case 'N':
          return this.#nestedPath(inValue);
        case 'I': {
          const base = this.#path(inValue);
          const generics = this.#list(() => this.#genericArgument()).join(', ');
          return inValue ? `${base}::<${generics}>` : `${base}<${generics}>`;
        }
        case 'B':
          return this.#back(() => this.#path(inValue));
        default:
          throw new NotMangled();
      }
    });
  }

  #nestedPath(inValue: boolean): string {
    const namespace = this.#take();
    const parent = this.#path(inValue);
    const disambiguator = this.#disambiguator();
    const name = this.#identifier();
    if (!/[A-Z]/.test(namespace)) return name === '' ? parent : `${parent}::${name}`;
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    return `${parent}::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`;
  }

  #genericArgument(): string {
    if (this.#eat('L')) {
      this.#base62();
      return "'_";
    }
    if (this.#eat('K')) return this.#constant();
    return this.#type();
  }

  #constant(): string {
    return this.#nested(() => {
      if (this.#eat('p')) return '_';
      if (this.#eat('B')) return this.#back(() => this.#constant());
      this.#take();
      const negative = this.#eat('n');
      let hex = '';
      for (let char = this.#take(); char !== '_'; char = this.#take()) hex += char;
      if (!/^[0-9a-f]*$/.test(hex)) throw new NotMangled();
      return `${negative ? '-' : ''}${BigInt(`0x${hex === '' ? '0' : hex}`)}`;
    });
  }

  #list(read: () => string): string[] {
    const items: string[] = [];
    while (!this.#eat('E')) items.push(read());
    return items;
  }

  #type(): string {
    return this.#nested(() => {
      const tag = this.#peek();
      const basic = basicTypes.get(tag);
      if (basic !== undefined) {
        this.#at++;
        return basic;
      }
      if (!'ASTRQPOFDBW'.includes(tag)) return this.#path(false);
      this.#at++;
      return this.#compoundType(tag);
    });
  }

  #compoundType(tag: string): string {
    switch (tag) {
      case 'A': {
        const element = this.#type();
        return `[${element}; ${this.#constant()}]`;
      }
      case 'S':
        return `[${this.#type()}]`;
      case 'T': {
        const items = this.#list(() => this.#type());
        return `(${items.join(', ')}${items.length === 1 ? ',' : ''})`;
      }
      case 'R':
      case 'Q':
        if (this.#eat('L')) this.#base62();
        return `${tag === 'R' ? '&' : '&mut '}${this.#type()}`;
      case 'P':
        return `*const ${this.#type()}`;
      case 'O':
        return `*mut ${this.#type()}`;
      case 'F':
        return this.#functionType();
      case 'D':
        return this.#traitObject();
      case 'B':
        return this.#back(() => this.#type());
      default:
        throw new NotMangled();
    }
  }

  #functionType(): string {
    if (this.#eat('G')) this.#base62();
    const qualifier = this.#eat('U') ? 'unsafe ' : '';
    let abi = '';
    if (this.#eat('K')) abi = `extern "${this.#eat('C') ? 'C' : this.#identifier()}" `;
    const args = this.#list(() => this.#type()).join(', ');
    const result = this.#type();
    return `${qualifier}${abi}fn(${args})${result === '()' ? '' : ` -> ${result}`}`;
  }

  #traitObject(): string {
    if (this.#eat('G')) this.#base62();
    const bounds = this.#list(() => {
      let bound = this.#path(false);
      while (this.#eat('p')) bound += `<${this.#identifier()} = ${this.#type()}>`;
      return bound;
    });
    if (this.#eat('L')) this.#base62();
    return `dyn ${bounds.join(' + ')}`;
  }
}
