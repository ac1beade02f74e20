// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LabFailure } from '../errors.ts';
import { fileSha256 } from './content-key.ts';
import { projectRoot } from './project-root.ts';

/** images/sources.lock.json. */
export interface SourceLock {
  readonly toolchain: { readonly suite: string };
  readonly kernel: {
    readonly version: string;
    readonly package: string;
    readonly packageVersion: string;
    readonly tarball: string;
    readonly sha256: string;
  };
  readonly qemu: {
    readonly version: string;
    readonly package: string;
    readonly packageVersion: string;
    readonly files: Readonly<Record<string, string>>;
  };
}

/** A source that the user gave instead of the locked one. */
export type SourceOverride =
  | { readonly kind: 'none' }
  | { readonly kind: 'folder'; readonly path: string; readonly identity: string }
  | { readonly kind: 'tarball'; readonly path: string; readonly identity: string };

/** The locked sources. */
export function readSourceLock(): SourceLock {
  const path = join(projectRoot(), 'images', 'sources.lock.json');
  return JSON.parse(readFileSync(path, 'utf8')) as SourceLock;
}

/** What the environment variable `variable` (LAB_KERNEL_SRC, LAB_QEMU_SRC) names, if it is set. */
export function sourceOverride(variable: string): SourceOverride {
  const value = process.env[variable];
  if (!value) return { kind: 'none' };
  const path = resolve(value);
  if (!existsSync(path)) {
    throw new LabFailure('NO_SOURCE', `${variable} names ${path}, which does not exist`, {
      remedy: `Correct ${variable}, or unset it to use the locked source.`,
    });
  }
  const stat = statSync(path);
  // A folder is not hashed file by file: it is somebody's work tree, and large.
  return stat.isDirectory()
    ? { kind: 'folder', path, identity: `${path} ${stat.mtimeMs}` }
    : { kind: 'tarball', path, identity: fileSha256(path) };
}
