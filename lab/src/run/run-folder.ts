// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from '../verdict.ts';
import { writeDurably } from './durable-file.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { SimWorld, World } from './world.ts';

/** The folder with everything of one run. */
export interface RunFolder {
  readonly runId: string;
  readonly path: string;
}

/** What `lost.json` says of a run whose harness was killed. */
export interface LostRun {
  readonly version: 1;
  readonly runId: string;
  readonly foundAt: string;
}

/** Id of a new run: sorts by time, and says the seed. */
export function newRunId(seed: number, now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return `${time}-${seed.toString(16).padStart(8, '0')}-${randomBytes(3).toString('hex')}`;
}

/** Makes the folder of a run in `runsDir`, with its world and the name of the process that owns it. */
export async function createRunFolder(
  runsDir: string,
  runId: string,
  world: World | SimWorld,
): Promise<RunFolder> {
  const path = join(runsDir, runId);
  await mkdir(path, { recursive: true });
  await writeDurably(join(path, 'owner.json'), `${JSON.stringify(ownIdentity())}\n`);
  await writeDurably(join(path, 'world.json'), `${JSON.stringify(world, null, 2)}\n`);
  return { runId, path };
}

/** Puts the verdict on the disk; from then on the run counts. */
export async function writeVerdict(folder: RunFolder, verdict: Verdict): Promise<void> {
  await writeDurably(join(folder.path, 'verdict.json'), `${JSON.stringify(verdict, null, 2)}\n`);
}

/** State of a run's folder, whoever wrote it. */
export type FolderState =
  | { readonly kind: 'done'; readonly verdict: Verdict }
  /** Its owner still runs, or this cannot be told. */
  | { readonly kind: 'running' }
  /** The owner is gone and left no verdict: the run counts for nothing. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** Reads what a run's folder says of its run. */
export async function inspectRunFolder(path: string): Promise<FolderState> {
  const verdict = await readJson(join(path, 'verdict.json'));
  if (verdict.kind === 'bad') {
    return { kind: 'unreadable', problem: verdict.problem };
  }
  if (verdict.kind === 'value') {
    return isVerdict(verdict.value)
      ? { kind: 'done', verdict: verdict.value }
      : { kind: 'unreadable', problem: 'verdict.json is not a verdict of version 1' };
  }
  const owner = await readJson(join(path, 'owner.json'));
  if (owner.kind === 'value' && isIdentity(owner.value) && isAlive(owner.value)) {
    return { kind: 'running' };
  }
  return { kind: 'lost' };
}

/** Writes into the folder that its run was lost. */
export async function markLost(path: string, runId: string): Promise<void> {
  const lost: LostRun = { version: 1, runId, foundAt: new Date().toISOString() };
  await writeDurably(join(path, 'lost.json'), `${JSON.stringify(lost)}\n`);
}

type ReadJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly problem: string };

async function readJson(path: string): Promise<ReadJson> {
  try {
    return { kind: 'value', value: JSON.parse(await readFile(path, 'utf8')) };
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return absent ? { kind: 'absent' } : { kind: 'bad', problem: `${path}: ${String(error)}` };
  }
}

function isVerdict(value: unknown): value is Verdict {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'runId' in value &&
    typeof value.runId === 'string' &&
    'outcome' in value &&
    'crashes' in value &&
    Array.isArray(value.crashes) &&
    'exposure' in value &&
    'cell' in value
  );
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'startTicks' in value &&
    typeof value.startTicks === 'number' &&
    'bootId' in value &&
    typeof value.bootId === 'string'
  );
}
