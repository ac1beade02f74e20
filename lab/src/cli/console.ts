// SPDX-License-Identifier: Apache-2.0

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { ConsoleParser } from '../console/console-parser.ts';
import type { CrashReport } from '../console/crash-report.ts';
import { exitStatus, UsageError } from '../errors.ts';

interface ConsoleOptions {
  readonly json?: boolean;
}

/** `ferrolab console`: the crashes in any kernel console or dmesg, the cause first. */
export function consoleCommand(): Command {
  return new Command('console')
    .description('list the kernel crashes in a console log; exit status 1 when there is one')
    .argument('<file>', 'the log, - for standard input')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  dmesg | ferrolab console -\n')
    .action(async (file: string, options: ConsoleOptions) => {
      const { crashes, dropped } = await readCrashes(file);
      if (options.json) printJson(crashes);
      else printList(crashes);
      if (dropped > 0) process.stderr.write(`${dropped} more crashes are not shown\n`);
      process.exitCode = crashes.length === 0 ? exitStatus.ok : exitStatus.driverFailed;
    });
}

/** Reads a console to its end; rejects with UsageError when it cannot be read. */
async function readCrashes(file: string): Promise<{ crashes: CrashReport[]; dropped: number }> {
  // Millions of short-lived strings make the young generation grow to no use: memory stays near 80 MB without.
  setFlagsFromString('--semi-space-growth-factor=1');
  const parser = new ConsoleParser();
  const crashes: CrashReport[] = [];
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    await pipeline(input, async (chunks: AsyncIterable<Uint8Array>) => {
      let first = true;
      for await (const chunk of chunks) {
        if (first) refuseOtherFormats(chunk, file);
        first = false;
        crashes.push(...parser.push(chunk).map(withoutLines));
      }
    });
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError('CONSOLE_UNREADABLE', `cannot read the console ${file}`, {
      cause,
      remedy: 'Give the path of a console log, or - for standard input.',
    });
  }
  crashes.push(...parser.end().map(withoutLines));
  return { crashes, dropped: parser.dropped };
}

const formats: readonly (readonly [name: string, magic: readonly number[], remedy: string])[] = [
  ['compressed with gzip', [0x1f, 0x8b], 'zcat FILE | ferrolab console -'],
  ['compressed with xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xzcat FILE | ferrolab console -'],
  ['compressed with zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstdcat FILE | ferrolab console -'],
  ['compressed with bzip2', [0x42, 0x5a, 0x68], 'bzcat FILE | ferrolab console -'],
  ['in UTF-16', [0xff, 0xfe], 'iconv -f UTF-16 -t UTF-8 FILE | ferrolab console -'],
  ['in UTF-16', [0xfe, 0xff], 'iconv -f UTF-16 -t UTF-8 FILE | ferrolab console -'],
];

/** A log that cannot be read as text must not be taken for one without a crash. */
function refuseOtherFormats(start: Uint8Array, file: string): void {
  const format = formats.find(([, magic]) => magic.every((byte, at) => start[at] === byte));
  if (format === undefined) return;
  const [name, , remedy] = format;
  throw new UsageError('CONSOLE_UNREADABLE', `the console ${file} is ${name}`, {
    remedy: `Unpack it: ${remedy.replace('FILE', file === '-' ? 'FILE' : file)}`,
  });
}

/** The list needs no bodies, and a thousand of them would need much memory. */
function withoutLines(crash: CrashReport): CrashReport {
  return { ...crash, lines: [] };
}

function printJson(crashes: readonly CrashReport[]): void {
  const document = {
    crashes: crashes.map(({ title, type, frame, corrupted, startLine, endLine }) => ({
      title,
      type,
      frame,
      corrupted,
      startLine,
      endLine,
    })),
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

function printList(crashes: readonly CrashReport[]): void {
  if (crashes.length === 0) process.stdout.write('no crash found\n');
  for (const crash of crashes) {
    const type = crash.type === '' ? crash.family : crash.type;
    const torn = crash.corrupted ? ', torn' : '';
    process.stdout.write(
      `${crash.title}\n    ${type}, lines ${crash.startLine}-${crash.endLine}${torn}\n`,
    );
  }
}
