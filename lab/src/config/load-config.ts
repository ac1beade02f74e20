// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabFailure, UsageError } from '../errors.ts';
import type { LabConfig } from './define-lab.ts';
import { ferronicTarget } from './ferronic-target.ts';

/** What the lab does when there is no `lab.config.ts`, and for verbs that must start at once. */
export const builtInLab: LabConfig = { targets: { ferronic: ferronicTarget } };

/** Reads `lab.config.ts` in `root`, or the file that LAB_CONFIG names (costs about 0.2 s); the built-in lab when there is none. */
export async function loadConfig(root: string): Promise<LabConfig> {
  const named = process.env['LAB_CONFIG'];
  const path = named === undefined ? join(root, 'lab.config.ts') : resolve(named);
  if (!existsSync(path)) {
    if (named === undefined) return builtInLab;
    throw new UsageError('NO_CONFIG', `LAB_CONFIG names ${path}, which is not there`, {
      remedy: 'Name a file that exports a lab, or unset it.',
    });
  }
  const exported = await importTypeScript(path);
  const lab = exported['lab'];
  if (!isLabConfig(lab)) {
    throw new UsageError('BAD_CONFIG', `${path} exports no lab`, {
      remedy: 'Export it by name: export const lab = defineLab({ targets: { … } })',
    });
  }
  return lab;
}

async function importTypeScript(path: string): Promise<Record<string, unknown>> {
  try {
    // Loaded here and not at the top: only verbs that read the file pay for the compiler.
    const { tsImport } = await import('tsx/esm/api');
    return (await tsImport(pathToFileURL(path).href, import.meta.url)) as Record<string, unknown>;
  } catch (cause) {
    throw new LabFailure('CONFIG_UNREADABLE', `${path} cannot be loaded`, {
      remedy: 'Check it with: npx tsc --noEmit -p .',
      cause,
    });
  }
}

function isLabConfig(value: unknown): value is LabConfig {
  return (
    typeof value === 'object' &&
    value !== null &&
    'targets' in value &&
    typeof value.targets === 'object' &&
    value.targets !== null
  );
}
