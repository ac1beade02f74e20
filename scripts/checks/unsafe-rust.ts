// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DRIVER = 'kernel-module/rust';

/** Uses of `unsafe` in the Rust driver outside abstractions/, and unsafe blocks there without a proof. */
export function unsafeViolations(root: string): string[] {
  const folder = join(root, DRIVER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.rs'))
    .flatMap((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n');
      return file.startsWith('abstractions') ? unproven(file, lines) : uses(file, lines);
    });
}

function uses(file: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) =>
    /\bunsafe\b(?!_)/.test(code(line))
      ? [`${DRIVER}/${file}:${index + 1}: unsafe outside abstractions/`]
      : [],
  );
}

function unproven(file: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    if (!/\bunsafe\s*(\{|impl\b)/.test(code(line))) return [];
    return /SAFETY:/.test(commentBefore(lines, index))
      ? []
      : [`${DRIVER}/${file}:${index + 1}: unsafe without a SAFETY comment`];
  });
}

/** The comment lines above a statement, which may itself have begun some lines earlier. */
function commentBefore(lines: readonly string[], index: number): string {
  return lines.slice(Math.max(0, index - 25), index + 1).reduce((kept, line) => {
    const ends = /[;}]\s*$/.test(code(line)) && !line.trim().startsWith('//');
    return ends && line !== lines[index] ? '' : `${kept}\n${line}`;
  }, '');
}

function code(line: string): string {
  return line.replace(/\/\/.*$/, '').replace(/"[^"]*"/g, '""');
}
