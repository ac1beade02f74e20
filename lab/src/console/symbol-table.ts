// SPDX-License-Identifier: Apache-2.0

import type { StackFrame } from './stack-frame.ts';

interface SymbolEntry {
  readonly address: bigint;
  readonly size: number;
}

/** The functions of one object, by name; names of static functions need not be unique. */
export class SymbolTable {
  readonly #entries = new Map<string, SymbolEntry[]>();

  /** Reads what `llvm-nm --print-size --defined-only` prints. */
  constructor(nmOutput: string) {
    for (const [, address, size, name] of nmOutput.matchAll(
      /^([0-9a-f]+) (?:([0-9a-f]+) )?[tTwW] (\S+)$/gm,
    )) {
      if (address === undefined || name === undefined) continue;
      const entry = {
        address: BigInt(`0x${address}`),
        size: size === undefined ? 0 : Number.parseInt(size, 16),
      };
      const entries = this.#entries.get(name);
      if (entries) entries.push(entry);
      else this.#entries.set(name, [entry]);
    }
  }

  /** Addresses in the object that the frame can mean, the likeliest first; none for a frame without an offset. */
  addresses(frame: StackFrame): bigint[] {
    const { offset, size } = frame;
    if (offset === null || size === null) return [];
    // The return address of a call can be the next line, or even the next function.
    const back = frame.place === 'call' && offset > 0 ? 1 : 0;
    // The kernel counts the padding behind a function, the object file does not.
    const distance = (entry: SymbolEntry) =>
      entry.size <= size ? size - entry.size : entry.size - size + 2 ** 20;
    return [...(this.#entries.get(frame.symbol) ?? [])]
      .sort((a, b) => distance(a) - distance(b))
      .map((entry) => entry.address + BigInt(offset - back));
  }
}
