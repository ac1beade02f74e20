// SPDX-License-Identifier: Apache-2.0

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConsoleParser } from '../../../lab/src/console/console-parser.ts';

export interface CorpusMiss {
  readonly file: string;
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

export interface CorpusResult {
  consoles: number;
  crashes: number;
  detected: number;
  types: number;
  functions: number;
  titles: number;
  corrupted: number;
  altTitles: number;
  misses: CorpusMiss[];
}

interface Verdict {
  readonly title: string;
  readonly type: string;
  readonly corrupted: boolean;
  readonly altTitles: readonly string[];
}

/** Runs the parser over a folder of consoles, each with a header that tells the verdict, and counts the hits. */
export async function measureCorpus(folder: string): Promise<CorpusResult> {
  const result: CorpusResult = {
    consoles: 0,
    crashes: 0,
    detected: 0,
    types: 0,
    functions: 0,
    titles: 0,
    corrupted: 0,
    altTitles: 0,
    misses: [],
  };
  const names = (await readdir(folder)).filter((name) => /^\d+$/.test(name));
  for (const file of names.sort((a, b) => Number(a) - Number(b))) {
    const { verdict, body } = readCorpusFile(await readFile(join(folder, file), 'latin1'));
    measure(result, file, verdict, body);
  }
  return result;
}

function measure(result: CorpusResult, file: string, verdict: Verdict, body: string): void {
  const parser = new ConsoleParser();
  const [first] = [...parser.push(body), ...parser.end()];
  const miss = (what: string, expected: string, found: string) =>
    result.misses.push({ file, what, expected, found });
  result.consoles++;
  if ((verdict.title !== '') === (first !== undefined)) result.detected++;
  else miss('crash or not', verdict.title || 'no crash', first?.title ?? 'no crash');
  if (verdict.title === '') return;
  result.crashes++;
  if (first === undefined) return;
  if (first.type === verdict.type) result.types++;
  else miss('type', verdict.type, `${first.type} (${first.title})`);
  if (functionOf(first.title) === functionOf(verdict.title)) result.functions++;
  else miss('function', verdict.title, first.title);
  if (first.title === verdict.title) result.titles++;
  else miss('title', verdict.title, first.title);
  if (first.corrupted === verdict.corrupted) result.corrupted++;
  else miss('corrupted', String(verdict.corrupted), `${first.corrupted} (${first.title})`);
  if (verdict.altTitles.every((title) => first.altTitles.includes(title))) result.altTitles++;
  else miss('alternative titles', verdict.altTitles.join('; '), first.altTitles.join('; '));
}

function functionOf(title: string): string {
  return / in (?<fn>\S+)(?: at addr ADDR)?$/.exec(title)?.groups?.['fn'] ?? '';
}

function readCorpusFile(content: string): { verdict: Verdict; body: string } {
  const end = content.indexOf('\n\n');
  const header = content.slice(0, end);
  const values = (key: string) =>
    header
      .split('\n')
      .filter((line) => line.startsWith(`${key}: `))
      .map((line) => line.slice(key.length + 2).trim());
  const report = content.indexOf('\nREPORT:\n', end);
  return {
    verdict: {
      title: values('TITLE')[0] ?? '',
      type: values('TYPE')[0] ?? '',
      corrupted: values('CORRUPTED')[0] === 'Y',
      altTitles: values('ALT'),
    },
    body: content.slice(end + 2, report < 0 ? undefined : report + 1),
  };
}
