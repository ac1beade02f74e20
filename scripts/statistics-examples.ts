// SPDX-License-Identifier: Apache-2.0
// Prints the worked examples of docs/statistics.md: `npx tsx scripts/statistics-examples.ts`.

import { exposureToClaim } from '../lab/src/stats/exposure-to-claim.ts';
import { estimateMtbf } from '../lab/src/stats/mtbf.ts';
import { failureProbability } from '../lab/src/stats/proportion.ts';
import { compareRates } from '../lab/src/stats/rate-comparison.ts';
import { sequentialTest } from '../lab/src/stats/sequential-test.ts';
import { survivalCurve } from '../lab/src/stats/survival.ts';
import { laplaceTrend } from '../lab/src/stats/trend.ts';

const plan = { mtbf: 200, insteadOf: 100, alpha: 0.1, beta: 0.1 };
const rust = { failures: 0, exposure: 100 };
const runs = [
  { time: 0.2, failed: true },
  { time: 0.5, failed: true },
  { time: 0.5, failed: false },
  { time: 0.8, failed: true },
  ...Array.from({ length: 6 }, () => ({ time: 1, failed: false })),
];

/** A worked example, as it stands in the docs: the call, then what it gives. */
const examples: readonly (readonly [call: string, value: unknown])[] = [
  ['estimateMtbf(4, 310)', estimateMtbf(4, 310)],
  ['estimateMtbf(0, 310)', estimateMtbf(0, 310)],
  ['estimateMtbf(6, 310)', estimateMtbf(6, 310)],
  ['exposureToClaim(200, 0, 310)', exposureToClaim(200, 0, 310)],
  ['exposureToClaim(200, 1, 310)', exposureToClaim(200, 1, 310)],
  ['failureProbability(3, 10)', failureProbability(3, 10)],
  ['failureProbability(3, 3)', failureProbability(3, 3)],
  ['failureProbability(0, 300)', failureProbability(0, 300)],
  ['laplaceTrend([40, 150, 210, 270, 300], 310)', laplaceTrend([40, 150, 210, 270, 300], 310)],
  ['survivalCurve(runs)', survivalCurve(runs).steps],
  ['compareRates(rust, { failures: 3, exposure: 100 })', compared(3)],
  ['compareRates(rust, { failures: 6, exposure: 100 })', compared(6)],
  ['sequentialTest(plan, 0, 310)', sequentialTest(plan, 0, 310)],
  ['sequentialTest(plan, 4, 110)', sequentialTest(plan, 4, 110)],
];

/** What is compared stands in the call already. */
function compared(failures: number) {
  const { ratio, p } = compareRates(rust, { failures, exposure: 100 });
  return { ratio, p };
}

function inWords(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map((item) => `\n  ${inWords(item)}`).join('');
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name} ${inWords(field)}`);
  return `{ ${fields.join(', ')} }`;
}

/** The examples, line by line. */
export function exampleLines(): readonly string[] {
  return examples.flatMap(([call, value]) => `${call} = ${inWords(value)}`.split('\n'));
}

if (import.meta.filename === process.argv[1]) {
  process.stdout.write(`${exampleLines().join('\n')}\n`);
}
