// SPDX-License-Identifier: Apache-2.0

import type { Wait } from 'qemu-ipc/wait';

/** Something built and kept in the cache. */
export interface Artifact {
  readonly name: string;
  /** Hash of everything that went in (hex). */
  readonly key: string;
  readonly dir: string;
  /** Hash of what came out, over the recipe's identity files: `sha256:<hex>`. */
  readonly sha256: string;
}

/** What a recipe gets to work with. */
export interface BuildContext {
  readonly root: string;
  /** Scratch space that survives a cut build, so that the next one goes on where it ended. */
  readonly work: string;
  /** Becomes the artifact's folder when the recipe has finished. */
  readonly out: string;
  readonly dependency: (name: string) => Artifact;
  /**
   * A folder that outlives builds, shared by all that give the same parts and held by one at a time: for
   * tools that know by themselves what to build again (ninja).
   */
  readonly scratch: (name: string, parts: Readonly<Record<string, string>>) => Promise<Scratch>;
  /** Runs a command, its output going to the step's log; rejects when it fails. */
  readonly run: (argv: readonly string[], env: Readonly<Record<string, string>>) => Promise<void>;
  readonly wait: Wait;
}

/** A scratch folder, held until disposed. */
export interface Scratch extends AsyncDisposable {
  readonly dir: string;
}

/** How one artifact is made, and from what. */
export interface Recipe {
  readonly name: string;
  /** Files and folders of the checkout that it reads. */
  readonly inputs: readonly string[];
  /** Other things that decide the result. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly dependsOn: readonly Recipe[];
  /** Files of the result, relative to its folder, that make up its identity. */
  readonly identity: readonly string[];
  /** Time it takes on two cores, in seconds: the first estimate, before one was measured here. */
  readonly estimateSeconds: number;
  readonly build: (context: BuildContext) => Promise<void>;
}
