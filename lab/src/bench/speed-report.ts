// SPDX-License-Identifier: Apache-2.0

import { indented, textTable } from '../text-table.ts';
import type { Queues } from './cards.ts';
import {
  type Direction,
  directions,
  type FrameBytes,
  frameBytes,
  type SpeedResult,
} from './speed.ts';
import { type Spread, spreadOf } from './spread.ts';

/** A card of the table: its driver and queues, or why it has no figures. */
export type SpeedCard =
  | { readonly name: string; readonly driver: string; readonly queues: Queues }
  | { readonly name: string; readonly driver: string; readonly missing: string };

export interface SpeedRow {
  readonly name: string;
  /** Packets/s. */
  readonly packets: Spread;
  /** Of the medians: this card's to that of the best card in `yardstick`; null when there is none. */
  readonly ratio: number | null;
}

export interface SpeedTable {
  readonly direction: Direction;
  /** Length of a frame without FCS. */
  readonly bytes: FrameBytes;
  /** What ratios are to; null when it was not measured. */
  readonly yardstick: string | null;
  readonly rows: readonly SpeedRow[];
}

/** The cards of a result, in the order in which they were asked for. */
export function speedCards(result: SpeedResult, order: readonly string[]): readonly SpeedCard[] {
  return order.flatMap((name): SpeedCard[] => {
    const card = result.cards.find(({ subject }) => subject.name === name);
    if (card === undefined) return [];
    const { driver } = card.subject;
    return 'missing' in card
      ? [{ name, driver, missing: card.missing }]
      : [{ name, driver, queues: card.queues }];
  });
}

/** A table for each direction and length; ratios are to the best of those that `isYardstick` picks. */
export function speedTables(
  result: SpeedResult,
  order: readonly string[],
  isYardstick: (name: string) => boolean,
): readonly SpeedTable[] {
  return directions.flatMap((direction) =>
    frameBytes.map((bytes) => {
      const spreads = order.flatMap((name) => {
        const samples = result.samples
          .filter((one) => one.direction === direction && one.bytes === bytes)
          .filter(({ subject }) => subject.name === name)
          .map(({ packetsPerSecond }) => Math.round(packetsPerSecond));
        return samples.length === 0 ? [] : [{ name, packets: spreadOf(samples) }];
      });
      const [best] = spreads
        .filter(({ name }) => isYardstick(name))
        .sort((a, b) => b.packets.median - a.packets.median);
      const rows = spreads.map(({ name, packets }) => ({
        name,
        packets,
        ratio: best === undefined ? null : packets.median / best.packets.median,
      }));
      return { direction, bytes, yardstick: best?.name ?? null, rows };
    }),
  );
}

/** The tables as a terminal shows them. */
export function speedText(cards: readonly SpeedCard[], tables: readonly SpeedTable[]): string {
  return tables.map((table) => `\n${oneTable(cards, table)}`).join('');
}

function oneTable(cards: readonly SpeedCard[], table: SpeedTable): string {
  const ratio = table.yardstick === null ? '' : `to ${table.yardstick}`;
  const heading = [
    `${table.direction}, ${table.bytes} bytes`,
    'queues',
    'packets/s',
    'min',
    'max',
    ratio,
  ];
  const body = cards.map((card) => {
    if ('missing' in card) return [card.name, '', card.missing, '', '', ''];
    const row = table.rows.find(({ name }) => name === card.name);
    if (row === undefined) return [card.name, '', 'not measured', '', '', ''];
    const { packets, ratio: share } = row;
    const count = table.direction === 'sent' ? card.queues.tx : card.queues.rx;
    return [
      card.name,
      String(count),
      ...[packets.median, packets.min, packets.max].map(thousands),
      share === null ? '' : share.toFixed(2),
    ];
  });
  return indented(textTable(heading, body, 'right'));
}

function thousands(packets: number): string {
  return `${(packets / 1_000).toFixed(1)} k`;
}
