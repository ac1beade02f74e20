// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Largest seed: seeds are unsigned 32-bit integers. */
export const maxSeed = 0xffff_ffff;

/** Random numbers that are the same for the same seed, on every machine. */
export class SeededRandom {
  readonly #generator: RandomGenerator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** True with the given chance, from 0 to 1. */
  chance(probability: number): boolean {
    return this.int(0, 999_999) < probability * 1_000_000;
  }

  /** One of the entries of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.int(0, list.length - 1)] ?? list[0];
  }
}

/** Seed of the `index`-th run of a campaign: independent of how many workers share the campaign. */
export function deriveSeed(campaignSeed: number, index: number): number {
  return createHash('sha256')
    .update(`ferrolab run ${campaignSeed}/${index}`)
    .digest()
    .readUInt32BE(0);
}
