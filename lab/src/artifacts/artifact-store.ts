// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from './recipe.ts';

/** Name of the file that describes an artifact; an artifact's folder is complete when it exists. */
export const DESCRIPTION = 'artifact.json';

/** A cached artifact with what a listing shows. */
export interface StoredArtifact extends Artifact {
  readonly builtAt: Date;
  readonly bytes: number;
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
  const description = join(dir, DESCRIPTION);
  if (!existsSync(description)) return undefined;
  const { name, key, sha256 } = JSON.parse(readFileSync(description, 'utf8')) as Artifact;
  return { name, key, sha256, dir };
}

/** Every artifact in the cache, by name. */
export async function listArtifacts(layout: CacheLayout): Promise<StoredArtifact[]> {
  if (!existsSync(layout.artifacts)) return [];
  const stored = await Promise.all(
    readdirSync(layout.artifacts).map(async (folder) => {
      const dir = join(layout.artifacts, folder);
      const artifact = readArtifact(dir);
      if (!artifact) return undefined;
      const { mtime } = statSync(join(dir, DESCRIPTION));
      return { ...artifact, builtAt: mtime, bytes: await folderBytes(dir) };
    }),
  );
  return stored
    .filter((artifact) => artifact !== undefined)
    .sort((a, b) => a.name.localeCompare(b.name) || b.builtAt.getTime() - a.builtAt.getTime());
}

/** Removes a folder of the cache, in one step for everybody who looks: renamed first. */
export async function removeFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
}

async function folderBytes(dir: string): Promise<number> {
  const { execa } = await import('execa');
  try {
    const { stdout } = await execa('du', ['-s', '--block-size=1', dir]);
    return Number.parseInt(stdout, 10);
  } catch {
    return (await stat(dir)).size;
  }
}
