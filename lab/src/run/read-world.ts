// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { kernelFlavours } from '../artifacts/recipes/kernel.ts';
import { endCheckNames, stepNames } from '../config/step-names.ts';
import { UsageError } from '../errors.ts';
import { maxSeed } from '../faults/seeded-random.ts';
import type { SimWorld } from './world.ts';

/**
 * A simulated world as somebody has written it. What is left out is filled in when it is run: artifacts with those of
 * this checkout, the workload's steps and the plan with what the seed draws.
 */
export type WorldDraft = Omit<SimWorld, 'artifacts' | 'workload' | 'plan'> & {
  readonly artifacts?: SimWorld['artifacts'];
  readonly workload: { readonly name: string; readonly params?: SimWorld['workload']['params'] };
  readonly plan?: SimWorld['plan'];
};

const count = z.int().nonnegative();
const position = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const sha256 = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits');
const late = { irqDelayMax: count.max(1_000_000).optional() };

const sliceMax = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const schedule = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('fair'), ...late }),
  z.strictObject({
    policy: z.literal('random'),
    sliceMax,
    from: position.optional(),
    until: position.optional(),
    ...late,
  }),
  z.strictObject({
    policy: z.literal('pct'),
    depth: z.int().min(1).max(64),
    horizon: position.min(1),
    ...late,
  }),
  z.strictObject({
    policy: z.literal('list'),
    turns: z.array(z.tuple([position, z.int().min(0).max(63)])),
    sliceMax: sliceMax.optional(),
    ...late,
  }),
]);

/** Details of steps and faults are QEMU's and the workloads' to check. */
const step = z.looseObject({ step: z.enum(stepNames) });
const params = z.strictObject({
  churnMs: count,
  payloadBytes: count.max(65_507),
  rounds: z.array(z.strictObject({ steps: z.array(step) })),
  atEnd: z.array(z.enum(endCheckNames)),
  deviceFaults: z
    .array(
      z.strictObject({ nic: z.string(), fault: z.looseObject({ kind: z.string() }), seed: count }),
    )
    .optional(),
});
const planned = z.strictObject({
  at: z.strictObject({ ns: count, round: count, phase: z.enum(stepNames) }),
  fault: z.looseObject({
    type: z.enum(['irq-storm', 'link-flap', 'device-fault', 'alloc-failure']),
  }),
});

const world = z.strictObject({
  version: z.literal(1),
  artifacts: z
    .strictObject({ qemu: sha256, kernel: sha256, initramfs: sha256, driver: sha256 })
    .optional(),
  machine: z.strictObject({
    cpus: z.int().min(1).max(16),
    memoryMiB: z.int().min(128).max(16_384),
    mode: z.literal('sim'),
    kernel: z.enum(kernelFlavours),
  }),
  target: z.string(),
  driver: z.strictObject({ name: z.string(), defect: z.string().nullable() }),
  workload: z.strictObject({ name: z.string(), params: params.optional() }),
  plan: z.array(planned).optional(),
  seed: count.max(maxSeed),
  schedule,
});

/** Reads a world from a file; UsageError says what is wrong, and where. */
export async function readWorld(path: string): Promise<WorldDraft> {
  return parseWorld(parseJson(await readText(path), path), path);
}

/** Checks a document; `path` names it in the error. */
export function parseWorld(document: unknown, path: string): WorldDraft {
  const version = z.looseObject({ version: z.int() }).safeParse(document).data?.version;
  if (version !== undefined && version > 1) {
    throw new UsageError('WORLD_VERSION', `${path}: version ${version} is newer than this lab`, {
      remedy: 'This lab knows version 1. Update it, or run the world with the lab that made it.',
    });
  }
  const checked = world.safeParse(document);
  if (checked.success) return checked.data as unknown as WorldDraft;
  const problems = checked.error.issues.map(({ path: at, message }) => {
    const where = at.length === 0 ? 'the document' : at.join('.');
    return `  ${where}: ${message}`;
  });
  throw new UsageError('BAD_WORLD', `${path} is not a world:\n${problems.join('\n')}`, {
    remedy: 'tests/worlds/ has worlds that are.',
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError('NO_WORLD', `${path} cannot be read`, {
      remedy: 'Name a file with a world, or the id of a run.',
      cause,
    });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError('BAD_JSON', `${path} is not JSON`, {
      remedy: 'Correct it at the place named.',
      cause,
    });
  }
}
