// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderDatasheetTables } from './registers/datasheet-tables.ts';
import { renderDecoder } from './registers/decoder.ts';
import type { RegisterDescription } from './registers/description.ts';
import { DescriptionError } from './registers/json-reader.ts';
import { renderKernelHeader } from './registers/kernel-header.ts';
import { MarkerError, replaceMarkedSections } from './registers/marked-sections.ts';
import { parseDescription } from './registers/parse-description.ts';
import { renderQemuHeader } from './registers/qemu-header.ts';
import { renderRustRegisters } from './registers/rust-registers.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = 'qemu-device/ferronic.regs.json';
const DATASHEET = 'docs/datasheet.md';

function readDescription(): RegisterDescription {
  return parseDescription(JSON.parse(readFileSync(join(ROOT, SOURCE), 'utf8')), SOURCE);
}

/** Content of every file made from the register description, by its path in the repository. */
export function generatedFiles(): Map<string, string> {
  const regs = readDescription();
  const datasheet = readFileSync(join(ROOT, DATASHEET), 'utf8');
  return new Map([
    ['qemu-device/ferronic_regs.gen.h', renderQemuHeader(regs)],
    ['kernel-module/c/ferronic_regs.gen.h', renderKernelHeader(regs)],
    ['kernel-module/rust/regs.rs', renderRustRegisters(regs)],
    ['lab/src/trace/registers.gen.ts', renderDecoder(regs)],
    [DATASHEET, replaceMarkedSections(datasheet, renderDatasheetTables(regs))],
  ]);
}

function onDisk(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return undefined;
  }
}

/** Paths of generated files that differ from what would be generated now. */
export function staleFiles(): readonly string[] {
  return [...generatedFiles()]
    .filter(([path, content]) => onDisk(path) !== content)
    .map(([path]) => path);
}

function writeGenerated(): void {
  for (const [path, content] of generatedFiles()) {
    if (onDisk(path) === content) continue;
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), content);
    console.error(`wrote ${path}`);
  }
}

function check(): void {
  const stale = staleFiles();
  if (stale.length === 0) return;
  for (const path of stale) console.error(`stale: ${path}`);
  console.error('run: npx tsx scripts/generate-registers.ts');
  process.exitCode = 1;
}

function main(args: readonly string[]): void {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`unknown argument ${unknown}; usage: generate-registers.ts [--check]`);
    process.exitCode = 2;
    return;
  }
  try {
    if (args.includes('--check')) check();
    else writeGenerated();
  } catch (error) {
    if (!(error instanceof DescriptionError || error instanceof MarkerError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
