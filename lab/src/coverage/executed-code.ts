// SPDX-License-Identifier: Apache-2.0
import type { ModuleSections } from '../run/module-sections.ts';

/** Instructions that were executed one after the other, without a way in between. */
export interface Block {
  readonly start: bigint;
  readonly end: bigint;
}

/** One that ended a block, and the one that was executed after it. */
export interface Edge {
  readonly last: bigint;
  readonly next: bigint;
}

/** What a run has executed of a module. */
export interface ExecutedCode {
  readonly blocks: readonly Block[];
  readonly edges: readonly Edge[];
}

/** Where a section was put so that no two sections of a module overlap, and how long it is. */
export interface PlacedSection {
  readonly at: bigint;
  readonly size: bigint;
}

/**
 * Reads what the plugin has written (its layout: qemu-device/plugins/driver_blocks.c), the addresses turned into those of
 * the module as it was placed. What belongs to no load of the module, or to two in different ways, is left out.
 */
export function readExecutedCode(
  text: string,
  loads: readonly ModuleSections[],
  placed: ReadonlyMap<string, PlacedSection>,
): ExecutedCode {
  const place = placer(loads, placed);
  const blocks: Block[] = [];
  const edges: Edge[] = [];
  for (const [, kind, left, right] of text.matchAll(/^(block|edge) ([0-9a-f]+) ([0-9a-f]+)$/gm)) {
    const from = place(BigInt(`0x${left}`));
    if (from === undefined) continue;
    if (kind === 'block') {
      const length = BigInt(`0x${right}`) - BigInt(`0x${left}`);
      blocks.push({ start: from, end: from + length });
    } else {
      const next = place(BigInt(`0x${right}`));
      if (next !== undefined) edges.push({ last: from, next });
    }
  }
  return { blocks, edges };
}

function placer(
  loads: readonly ModuleSections[],
  placed: ReadonlyMap<string, PlacedSection>,
): (address: bigint) => bigint | undefined {
  const ranges = loads.flatMap((sections) =>
    Object.entries(sections).flatMap(([name, address]) => {
      const section = placed.get(name);
      if (section === undefined) return [];
      const start = BigInt(address);
      return [{ start, end: start + section.size, shift: section.at - start }];
    }),
  );
  return (address) => {
    const found = new Set(
      ranges
        .filter(({ start, end }) => address >= start && address < end)
        .map(({ shift }) => address + shift),
    );
    const [only] = found;
    return found.size === 1 ? only : undefined;
  };
}
