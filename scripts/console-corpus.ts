// SPDX-License-Identifier: Apache-2.0
// Measures the console parser against a folder of consoles with known verdicts: tsx scripts/console-corpus.ts DIR

import { measureCorpus } from '../tests/unit/consoles/corpus.ts';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: console-corpus.ts DIR');
  process.exit(2);
}

const result = await measureCorpus(folder);
for (const miss of result.misses) {
  console.log(`${miss.file}: ${miss.what}\n  expected ${miss.expected}\n  found    ${miss.found}`);
}
const share = (part: number, of: number) => `${part}/${of} (${((100 * part) / of).toFixed(1)} %)`;
console.log(`crash or not       ${share(result.detected, result.consoles)}`);
console.log(`type               ${share(result.types, result.crashes)}`);
console.log(`function in title  ${share(result.functions, result.crashes)}`);
console.log(`whole title        ${share(result.titles, result.crashes)}`);
console.log(`corrupted flag     ${share(result.corrupted, result.crashes)}`);
console.log(`alternative titles ${share(result.altTitles, result.crashes)}`);
