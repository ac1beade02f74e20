// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { type ExitStatus, exitStatus, UsageError } from '../errors.ts';
import { findRun } from '../run/find-run.ts';
import { firstDifference } from '../run/first-difference.ts';
import { readWorld } from '../run/read-world.ts';
import { type SimTrace, simTraceFile } from '../run/sim-run.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { stripTerminalEscapes } from '../vm/terminal-escapes.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation } from './simulation.ts';

interface ReproOptions {
  readonly json?: boolean;
}

/** `ferrolab repro`: runs the world of a run again and compares. */
export function reproCommand(): Command {
  return new Command('repro')
    .description('run the world of a run again: identical, or where it differs')
    .argument('<run>', 'id of a run, or the beginning of one')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      `
Exit status: 0 identical; 3 not so, or the lab could not find out; 2 usage.

Example:
  ferrolab repro 20261121T160714Z
`,
    )
    .action(async (run: string, options: ReproOptions) => {
      process.exitCode = await repro(run, options.json ?? false);
    });
}

async function repro(id: string, json: boolean): Promise<ExitStatus> {
  const state = stateDirectory();
  const recorded = await findRun(state.runs, id);
  const before = await readTrace(recorded.path);
  const draft = await readWorld(join(recorded.path, 'world.json'));
  await using simulation = await prepareSimulation(draft, interruptSignal());
  const ran = await simulation.run();
  const identical = before.consoleSha256 === ran.consoleSha256 && before.schedule === ran.schedule;
  const title = ran.verdict.crashes[0]?.title ?? null;
  if (json) {
    const { consoleSha256, verdict, wallMs } = ran;
    const document = {
      run: verdict.runId,
      of: recorded.runId,
      identical,
      title,
      consoleSha256,
      wallMs,
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  } else if (identical) {
    process.stdout.write(
      `identical: ${ran.verdict.outcome}  ${ran.verdict.reason}\nconsole    sha256:${ran.consoleSha256}\n`,
    );
  } else {
    const consoles = [recorded.path, join(simulation.runs, ran.verdict.runId)] as const;
    process.stdout.write(`NOT identical\n${await difference(consoles)}`);
  }
  return identical ? exitStatus.ok : exitStatus.labFailed;
}

async function readTrace(folder: string): Promise<SimTrace> {
  try {
    return JSON.parse(await readFile(join(folder, simTraceFile), 'utf8')) as SimTrace;
  } catch (cause) {
    throw new UsageError('NO_SIMULATION', `${folder} is not of a simulated run that has ended`, {
      remedy: 'Live runs do not come back; look for their crash in simulated worlds.',
      cause,
    });
  }
}

async function difference(folders: readonly [string, string]): Promise<string> {
  const [before, after] = folders.map((folder) => join(folder, 'console.log')) as [string, string];
  const found = await firstDifference(before, after);
  if (found === undefined) return '  the consoles are the same, the schedules differ\n';
  const { line, one, other } = found;
  const shown = (text: string | undefined) =>
    text === undefined ? '(ended before)' : stripTerminalEscapes(text);
  return `  line ${line} of console.log\n  was  ${shown(one)}\n  is   ${shown(other)}\n  ${before}\n  ${after}\n`;
}
