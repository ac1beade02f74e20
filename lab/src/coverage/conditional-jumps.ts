// SPDX-License-Identifier: Apache-2.0

/** A jump that is taken or not. */
export interface ConditionalJump {
  readonly at: bigint;
  readonly target: bigint;
  /** The instruction after it. */
  readonly next: bigint;
}

/** Reads the conditional jumps of what `llvm-objdump -d --no-show-raw-insn` prints. */
export function readConditionalJumps(disassembly: string): readonly ConditionalJump[] {
  const lines = [
    ...disassembly.matchAll(/^ *([0-9a-f]+): +\t?(\S+)(?:[ \t]+(?:0x)?([0-9a-f]+))?/gm),
  ];
  return lines.flatMap(([, at, mnemonic = '', target], index) => {
    const next = lines[index + 1]?.[1];
    if (!/^j(?!mp)[a-z]+$/.test(mnemonic) || target === undefined || next === undefined) return [];
    return [{ at: BigInt(`0x${at}`), target: BigInt(`0x${target}`), next: BigInt(`0x${next}`) }];
  });
}
