// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { contentKey } from '../artifacts/content-key.ts';
import { canonicalJson } from '../run/canonical-json.ts';
import { writeDurably } from '../run/durable-file.ts';
import type { World } from '../run/world.ts';
import type { StateDirectory } from '../store/state-directory.ts';
import type { Hunt, HuntResult } from './hunt.ts';

/** A hunt that was brought to its end, with what it was made of. */
export interface StoredHunt {
  readonly version: 1;
  readonly key: string;
  readonly artifacts: World['artifacts'];
  readonly driver: string;
  readonly defect: string | null;
  readonly profiles: readonly string[];
  readonly accel: string;
  readonly seed: number;
  readonly budgetMs: number;
  /** ISO 8601, UTC. */
  readonly endedAt: string;
  readonly result: HuntResult;
}

/** What does things to the driver; when it changes, what was found before says little. */
const harness = ['lab/src/run/workloads', 'lab/src/faults'];

/** Results of hunts as files of the state folder, each named by the hash of everything that went in. */
export class HuntStore {
  readonly #folder: string;
  readonly #harness: string;

  constructor(state: StateDirectory, root: string) {
    this.#folder = join(state.root, 'defects');
    this.#harness = contentKey(root, harness, {});
  }

  /** Key of a hunt: hunts with one key differ in nothing but how long they lasted. */
  keyOf({ parts, accel, profiles, seed, target }: KeyedHunt): string {
    const world = {
      version: 1,
      artifacts: parts.hashes,
      accel,
      profiles,
      faults: target.faults,
      device: target.device,
      seed,
      harness: this.#harness,
    };
    return createHash('sha256').update(canonicalJson(world)).digest('hex');
  }

  /** The stored result of such a hunt if it answers one with this budget: it crashed, or lasted as long. */
  find(request: KeyedHunt): StoredHunt | undefined {
    const path = this.#pathOf(request);
    if (!existsSync(path)) return undefined;
    const stored = read(path);
    const answers =
      stored?.key === this.keyOf(request) &&
      (stored.result.outcome === 'crashed' || stored.budgetMs >= request.budgetMs);
    return answers ? stored : undefined;
  }

  /** Keeps a result; one that answers nothing is not kept. */
  async keep(request: Hunt, result: HuntResult): Promise<StoredHunt> {
    const stored: StoredHunt = {
      version: 1,
      key: this.keyOf(request),
      artifacts: request.parts.hashes,
      driver: request.driver.module,
      defect: request.defect,
      profiles: Object.keys(request.profiles),
      accel: request.accel,
      seed: request.seed,
      budgetMs: request.budgetMs,
      endedAt: new Date().toISOString(),
      result,
    };
    if (result.outcome === 'crashed' || result.outcome === 'nothing-found') {
      await mkdir(this.#folder, { recursive: true });
      await writeDurably(this.#pathOf(request), `${JSON.stringify(stored, undefined, 2)}\n`);
    }
    return stored;
  }

  #pathOf(request: KeyedHunt): string {
    const { driver, defect, profiles } = request;
    const name = [driver.module, defect ?? 'clean', ...Object.keys(profiles)]
      .join('-')
      .slice(0, 120);
    return join(this.#folder, `${name}-${this.keyOf(request).slice(0, 16)}.json`);
  }
}

/** What decides a hunt, and how long it may last. */
type KeyedHunt = Pick<
  Hunt,
  'parts' | 'accel' | 'profiles' | 'seed' | 'target' | 'driver' | 'defect' | 'budgetMs'
>;

function read(path: string): StoredHunt | undefined {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredHunt;
    return stored.version === 1 ? stored : undefined;
  } catch {
    // Not ours, or torn: as good as none.
    return undefined;
  }
}
