// SPDX-License-Identifier: Apache-2.0
import { deriveSeed, SeededRandom } from '../faults/seeded-random.ts';
import type { SimWorld } from '../run/world.ts';
import { mutateWorld } from './mutate-world.ts';

/** How often a world that is to be run is one that was kept, changed a little. */
const share = 0.5;

/** The worlds of a hunt: drawn from seeds, and changed from those that have reached something new. */
export class WorldCorpus {
  readonly #seed: number;
  readonly #draw: (seed: number) => SimWorld;
  readonly #kept: SimWorld[] = [];
  #next = 0;

  /** `draw` gives the world of a seed. */
  constructor(seed: number, draw: (seed: number) => SimWorld) {
    this.#seed = seed;
    this.#draw = draw;
  }

  /** Worlds that have reached something new. */
  get size(): number {
    return this.#kept.length;
  }

  /** Notes a world that has reached something new. */
  keep(world: SimWorld): void {
    this.#kept.push(world);
  }

  /** The world to run next. */
  next(): SimWorld {
    const seed = deriveSeed(this.#seed, this.#next);
    this.#next += 1;
    const fresh = this.#draw(seed);
    const random = new SeededRandom(deriveSeed(seed, 0));
    const [first, ...others] = this.#kept;
    if (first === undefined || !random.chance(share)) return fresh;
    return mutateWorld(random.pick([first, ...others]), fresh, random);
  }
}
