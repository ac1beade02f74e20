// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { UsageError } from '../errors.ts';
import { type Manifest, parseManifest } from './manifest.ts';

/** Where the catalogue lies in the checkout. */
export const catalogueFolder = 'kernel-module/defects';

/** A defect of the catalogue. */
export interface Defect {
  readonly manifest: Manifest;
  /** The mistake in the C twin. Absolute. */
  readonly cPatch: string;
  /** The same mistake in the Rust driver; `null` when it cannot be made, or nobody has tried. */
  readonly rustPatch: string | null;
}

/** Names of the folders of a catalogue, sorted. */
export function defectFolders(root: string): string[] {
  const folder = join(root, catalogueFolder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Reads the whole catalogue; a usage error that names every problem when there is one. */
export function loadCatalogue(root: string): readonly Defect[] {
  return loadDefects(root, defectFolders(root));
}

/** Reads the defects with these names, in the catalogue's order, and no other: those may be unfinished. */
export function loadChosenDefects(root: string, names: readonly string[]): readonly Defect[] {
  const known = defectFolders(root);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError('UNKNOWN_DEFECT', `unknown defect '${unknown}'`, {
      remedy: `Choose from: ${known.join(', ')}.`,
    });
  }
  return loadDefects(
    root,
    known.filter((name) => names.includes(name)),
  );
}

function loadDefects(root: string, names: readonly string[]): readonly Defect[] {
  const problems: string[] = [];
  const defects = names.flatMap((name) => loadDefect(root, name, problems) ?? []);
  if (problems.length > 0) {
    throw new UsageError(
      'BAD_CATALOGUE',
      `the catalogue of defects has mistakes of another sort:\n  ${problems.join('\n  ')}`,
      { remedy: `${catalogueFolder}/README.md says what a defect consists of.` },
    );
  }
  return defects;
}

function loadDefect(root: string, name: string, problems: string[]): Defect | null {
  const folder = join(root, catalogueFolder, name);
  const at = (file: string) => relative(root, join(folder, file));
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) {
    problems.push(`${at('manifest.json')} is missing`);
    return null;
  }
  const before = problems.length;
  const manifest = parseManifest(readFileSync(file, 'utf8'), at('manifest.json'), problems);
  const cPatch = join(folder, 'c.patch');
  if (!existsSync(cPatch)) {
    problems.push(`${at('c.patch')} is missing`);
  }
  if (manifest === null) return null;
  if (manifest.name !== name) {
    problems.push(`${at('manifest.json')}: name is "${manifest.name}", and not that of the folder`);
  }
  const rustPatch = join(folder, 'rust.patch');
  const hasPatch = existsSync(rustPatch);
  const problem = rustProblem(manifest, hasPatch);
  if (problem !== null) {
    problems.push(`${at('manifest.json')}: ${problem}`);
  }
  return problems.length > before
    ? null
    : { manifest, cPatch, rustPatch: hasPatch ? rustPatch : null };
}

function rustProblem({ rust }: Manifest, hasPatch: boolean): string | null {
  if (rust === null) {
    return hasPatch ? 'rust is missing, and there is a rust.patch' : null;
  }
  if (rust.outcome === 'inexpressible') {
    return hasPatch ? 'rust is inexpressible, and there is a rust.patch that expresses it' : null;
  }
  return hasPatch ? null : `rust is ${rust.outcome}, and there is no rust.patch`;
}
