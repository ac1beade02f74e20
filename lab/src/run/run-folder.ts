// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Verdict } from '../verdict.ts';
import { writeDurably } from './durable-file.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { readVerdict } from './read-verdict.ts';
import type { SimWorld, World } from './world.ts';

/** The folder with everything of one run. */
export interface RunFolder {
  readonly runId: string;
  readonly path: string;
}

const ownerFile = 'owner.json';

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

/** The place of a run in its campaign. */
export interface RunPlace {
  readonly campaignId: string;
  readonly cycle: number;
}

/** What is known of a run before it has a verdict; nothing, if an older lab made its folder. */
export type RunOwner = Partial<RunPlace> & { readonly host?: string };

/** Makes the folder of a run in `runsDir`, with its world and the name of the process that owns it. */
export async function createRunFolder(
  runsDir: string,
  runId: string,
  world: World | SimWorld,
  place?: RunPlace,
): Promise<RunFolder> {
  const path = join(runsDir, runId);
  await mkdir(path, { recursive: true });
  const owner = { ...ownIdentity(), host: hostname(), ...place };
  await writeDurably(join(path, ownerFile), `${JSON.stringify(owner)}\n`);
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
  | { readonly kind: 'lost'; readonly owner: RunOwner }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** Reads what a run's folder says of its run. */
export async function inspectRunFolder(path: string): Promise<FolderState> {
  const file = await readJson(join(path, 'verdict.json'));
  if (file.kind === 'bad') {
    return { kind: 'unreadable', problem: file.problem };
  }
  if (file.kind === 'value') {
    const read = readVerdict(file.value);
    return read.kind === 'verdict'
      ? { kind: 'done', verdict: read.verdict }
      : { kind: 'unreadable', problem: `verdict.json: ${read.problem}` };
  }
  const owner = await readOwner(path);
  return owner !== undefined && isAlive(owner)
    ? { kind: 'running' }
    : { kind: 'lost', owner: owner ?? {} };
}

/** Writes into the folder that its run was lost, once. */
export async function markLost(path: string, runId: string): Promise<void> {
  const file = join(path, 'lost.json');
  if (existsSync(file)) return;
  const lost: LostRun = { version: 1, runId, foundAt: new Date().toISOString() };
  await writeDurably(file, `${JSON.stringify(lost)}\n`);
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

const ownerSchema = z.object({
  pid: z.number(),
  startTicks: z.number(),
  bootId: z.string(),
  host: z.string().optional(),
  campaignId: z.string().min(1).optional(),
  cycle: z.int().nonnegative().optional(),
});

/** undefined of a torn file too: its owner died while it wrote it. */
async function readOwner(path: string): Promise<(ProcessIdentity & RunOwner) | undefined> {
  const file = await readJson(join(path, ownerFile));
  if (file.kind !== 'value') return undefined;
  const { data } = ownerSchema.safeParse(file.value);
  if (data === undefined) return undefined;
  const { host, campaignId, cycle, ...identity } = data;
  return {
    ...identity,
    ...(host === undefined ? {} : { host }),
    ...(campaignId === undefined ? {} : { campaignId }),
    ...(cycle === undefined ? {} : { cycle }),
  };
}
