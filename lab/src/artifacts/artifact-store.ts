// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from './recipe.ts';

/** Name of the file that describes an artifact; an artifact's folder is complete when it exists. */
export const DESCRIPTION = 'artifact.json';

/** A cached artifact with what a listing shows. */
export interface StoredArtifact extends Artifact {
  readonly builtAt: Date;
  /** What it takes on disk; unknown for one whose description does not say. */
  readonly bytes: number | undefined;
}

/** The file that describes an artifact. */
export interface ArtifactDescription extends Omit<Artifact, 'dir'> {
  /** Measured once, when it was built: a listing that walks source trees takes a minute on a busy disk. */
  readonly bytes?: number;
}

/** The folders of a cache. */
export interface CacheLayout {
  readonly artifacts: string;
  readonly building: string;
  readonly logs: string;
  readonly scratch: string;
}

/** The folders below cache folder `root`. */
export function cacheLayout(root: string): CacheLayout {
  return {
    artifacts: join(root, 'artifacts'),
    building: join(root, 'building'),
    logs: join(root, 'logs'),
    scratch: join(root, 'scratch'),
  };
}

/** Folder name of an artifact: readable, and unique by its key. */
export function folderName(name: string, key: string): string {
  return `${name}-${key.slice(0, 16)}`;
}

/** The artifact in `dir`, or undefined if there is none. */
export function readArtifact(dir: string): Artifact | undefined {
  const description = readDescription(dir);
  if (!description) return undefined;
  const { name, key, sha256 } = description;
  return { name, key, sha256, dir };
}

function readDescription(dir: string): ArtifactDescription | undefined {
  const path = join(dir, DESCRIPTION);
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as ArtifactDescription;
}

/** Every artifact in the cache, by name. */
export function listArtifacts(layout: CacheLayout): StoredArtifact[] {
  if (!existsSync(layout.artifacts)) return [];
  return readdirSync(layout.artifacts)
    .map((folder) => readStored(join(layout.artifacts, folder)))
    .filter((artifact) => artifact !== undefined)
    .sort((a, b) => a.name.localeCompare(b.name) || b.builtAt.getTime() - a.builtAt.getTime());
}

function readStored(dir: string): StoredArtifact | undefined {
  const description = readDescription(dir);
  if (!description) return undefined;
  const { name, key, sha256, bytes } = description;
  return { name, key, sha256, dir, bytes, builtAt: statSync(join(dir, DESCRIPTION)).mtime };
}

/** Removes a folder of the cache, in one step for everybody who looks: renamed first. */
export async function removeFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}
