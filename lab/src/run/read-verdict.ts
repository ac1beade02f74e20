// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { storedTally } from '../fault-tally.ts';
import { outcomes, type Verdict } from '../verdict.ts';

const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative();
const time = z.iso.datetime({ message: 'must be a time of ISO 8601 in UTC' });

const faultCount = z.object({ requested: count, delivered: count });

const crash = z.object({
  title: z.string(),
  type: z.string(),
  frame: z.string().nullable(),
  corrupted: z.boolean(),
  altTitles: z.array(z.string()).optional(),
  family: z.string().optional(),
});

/** What results are pooled over, in a document. */
export const pooledCell = z.object({
  target: z.string(),
  driver: z.string(),
  defect: z.string().nullable(),
  kernel: z.string(),
  mode: z.string(),
  accel: z.string(),
  profile: z.string(),
});

/** Members with a default came later: what older labs have left out is known of them. */
const verdict = z.object({
  version: z.literal(1),
  runId: z.string().min(1),
  campaignId: z.string().min(1),
  cycle: count,
  attempt: count.default(0),
  canary: z.boolean().default(false),
  host: z.string().default(''),
  worldId: z.string(),
  cell: pooledCell.extend({ profile: z.string().default('usual'), workload: z.string() }),
  seed: count,
  outcome: z.enum(outcomes),
  reason: z.string(),
  crashes: z.array(crash),
  exposure: z.object({ wallMs: milliseconds, virtualMs: milliseconds }),
  faults: z
    .object({
      'irq-storm': faultCount.optional(),
      'link-flap': faultCount.optional(),
      'device-fault': faultCount.optional(),
      'alloc-failure': faultCount.optional(),
    })
    .transform((tally) => storedTally(defined(tally))),
  phasesMs: z.record(z.string(), z.number()),
  startedAt: time,
  endedAt: time,
});

/** What a document is, as a verdict: the verdict, or what is wrong with it and where. */
export type ReadVerdict =
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'bad'; readonly problem: string };

/** Reads the verdict of this lab or an older one. */
export function readVerdict(document: unknown): ReadVerdict {
  const checked = verdict.safeParse(document);
  if (!checked.success) return { kind: 'bad', problem: problemsOf(checked.error) };
  const { crashes, ...rest } = checked.data;
  return { kind: 'verdict', verdict: { ...rest, crashes: crashes.map(defined) } };
}

/** Every problem, `; ` between them, each with its path in the document. */
export function problemsOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => `${z.core.toDotPath(path) || 'the document'}: ${message}`)
    .join('; ');
}

/** The same without members that are set to undefined. */
function defined<T extends object>(value: T): Defined<T> {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members) as Defined<T>;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
