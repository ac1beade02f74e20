// SPDX-License-Identifier: Apache-2.0

import { demangleRust } from './rust-symbol.ts';

/** One function named by a line of a stack trace or a register dump. */
export interface StackFrame {
  /** As it stands in the symbol table, suffixes such as `.cold` included. */
  readonly symbol: string;
  /** For a reader: suffixes removed, Rust demangled. */
  readonly name: string;
  /** Offset in the function and size of it, in bytes; null for a frame without. */
  readonly offset: number | null;
  readonly size: number | null;
  readonly module: string | null;
  /** `instruction` for a register dump (RIP, pc), `call` for a line of a trace. */
  readonly place: 'instruction' | 'call';
}

const symbolPattern = String.raw`([A-Za-z_$][\w.$]*)`;
const extent = String.raw`\+0x([0-9a-f]{1,8})\/0x([0-9a-f]{1,8})`;
const address = String.raw`(?:\(?\[<[0-9a-fx]+>\]\)?|\[[0-9a-f]{8,16}\]|<[0-9a-f]{8,16}>)`;
const moduleName = String.raw`(?: +\[([\w-]+)[^\]]*\])?`;

const callFrame = new RegExp(
  String.raw`^\s*(?:#\d+ +)?(?:${address}\s*){0,2}(\? +)?${symbolPattern}${extent}${moduleName}`,
);
const inlineFrame = new RegExp(
  String.raw`^\s*(?:\[<?\s*inline\s*>?\]\s*${symbolPattern}\s+\S+:\d+|${symbolPattern}\s+\S+:\d+\s+\[inline\]\s*$)`,
);
const armFrame = new RegExp(
  String.raw`^\s*(?:\[<[0-9a-f]+>\] )?\(?${symbolPattern}\)? from (?:\[<[0-9a-f]+>\] )?\(?(?:${symbolPattern}${extent}${moduleName})?`,
);
const registerFrame = new RegExp(
  String.raw`^\s*(?:(?:E|R)?IP(?: is at)?:?|PC is at|pc ?:|epc ?:|NIP(?: is at)?|--- (?:interrupt|Exception): [0-9a-f]+ at|Krnl PSW ?:[^(]*\(|\[?[a-z]?ra ?\]?:)\s*(?:[0-9a-f]{2,4}:)?(?:${address}\s*|[0-9a-f]{8,16} )*${symbolPattern}${extent}${moduleName}`,
);
const registerInline = new RegExp(
  String.raw`^\s*RIP: 0010:${symbolPattern}\s+\S+:\d+(?:\s+\[inline\])?`,
);
const mode = /^\s*<\/?[A-Z#][\w#]*>\s*/;

/** Reads the functions that one line of a report names; unreliable frames (`? f+0x1/0x2`) are none. */
export function readFrames(text: string): readonly StackFrame[] {
  const line = text.replace(mode, ' ');
  const call = callFrame.exec(line);
  if (call) {
    return call[1] === undefined ? [frame('call', call[2], call[3], call[4], call[5])] : [];
  }
  if (line.includes(' from ')) {
    const arm = armFrame.exec(line);
    if (arm) {
      const callee = frame('call', arm[1]);
      return arm[2] === undefined
        ? [callee]
        : [callee, frame('call', arm[2], arm[3], arm[4], arm[5])];
    }
  }
  const register = registerFrame.exec(line);
  if (register) {
    return [frame('instruction', register[1], register[2], register[3], register[4])];
  }
  const inRegister = registerInline.exec(line);
  if (inRegister) return [frame('instruction', inRegister[1])];
  const inline = inlineFrame.exec(line);
  return inline ? [frame('call', inline[1] ?? inline[2])] : [];
}

function frame(
  place: StackFrame['place'],
  symbol = '',
  offset?: string,
  size?: string,
  module?: string,
): StackFrame {
  return {
    symbol,
    name: functionName(symbol),
    offset: offset === undefined ? null : Number.parseInt(offset, 16),
    size: size === undefined ? null : Number.parseInt(size, 16),
    module: module ?? null,
    place,
  };
}

const compilerSuffix = /\.(?:isra|part|constprop|cold|llvm|lto_priv|clone|unlikely|memcg)\b.*$/;

/** The name of a function for a title: without the compiler's suffixes, Rust demangled. */
export function functionName(symbol: string): string {
  return demangleRust(symbol.replace(compilerSuffix, ''));
}
