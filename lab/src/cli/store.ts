// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { exitStatus } from '../errors.ts';
import { plural } from '../report/plural.ts';
import { type Merged, merge } from '../store/merge.ts';
import { type Rebuilt, rebuild } from '../store/rebuild.ts';
import type { UnreadableFolder } from '../store/reconcile.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';

interface StoreOptions {
  readonly json?: boolean;
}

/** `ferrolab store`: looks after the results themselves. */
export function storeCommand(): Command {
  return new Command('store')
    .description('make the database of results anew, or join those of another machine')
    .addHelpText('after', '\nExample:\n  ferrolab store merge /mnt/lab2/ferrolab\n')
    .addCommand(rebuildCommand())
    .addCommand(mergeCommand());
}

function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('make the database anew from the folders of campaigns and runs')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab store rebuild\n')
    .action(async ({ json }: StoreOptions) => {
      const rebuilt = await rebuild(stateDirectory());
      process.stdout.write(json ? `${JSON.stringify(rebuilt)}\n` : rebuiltText(rebuilt));
      process.exitCode = statusOf(rebuilt.unreadable);
    });
}

function mergeCommand(): Command {
  return new Command('merge')
    .description('join the results of another machine into these; each run counts once')
    .argument('<folder>', 'state folder of the other machine, or a copy of it')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab store merge /mnt/lab2/ferrolab\n')
    .action(async (folder: string, { json }: StoreOptions) => {
      const state = stateDirectory();
      await using store = await ResultStore.open(state);
      const merged = await merge(folder, state, store);
      process.stdout.write(json ? `${JSON.stringify(merged)}\n` : mergedText(merged, folder));
      process.exitCode = statusOf([...merged.unreadable, ...merged.conflicts]);
    });
}

/** What could not be taken over is a failure of the lab: figures without it may be wrong. */
function statusOf(leftOut: readonly unknown[]): number {
  return leftOut.length === 0 ? exitStatus.ok : exitStatus.labFailed;
}

function rebuiltText(rebuilt: Rebuilt): string {
  const { campaigns, runs, lost, crashes, running, unreadable, withoutFolder, old } = rebuilt;
  const parts = [
    plural(campaigns, 'campaign'),
    plural(runs, 'run'),
    plural(crashes, 'crash', 'crashes'),
    `${lost} lost with their harness`,
    ...(running > 0 ? [`${running} going on`] : []),
  ];
  const lines = [`rebuilt: ${parts.join(', ')}`, ...unreadable.map(unreadableText)];
  if (withoutFolder === null && old !== null) {
    lines.push('the old database was damaged: whether it had runs without a folder is not known');
  } else if (withoutFolder !== null && withoutFolder.length > 0) {
    lines.push(`${plural(withoutFolder.length, 'run')} of the old database had no folder to read`);
  }
  if (old !== null) lines.push(`the old database is ${old}`);
  return `${lines.join('\n')}\n`;
}

function mergedText(merged: Merged, folder: string): string {
  const { campaigns, runs, known, lost, running, conflicts, unreadable } = merged;
  const parts = [
    plural(campaigns, 'campaign'),
    plural(runs, 'run'),
    `${known} here already`,
    `${lost} lost with their harness`,
    ...(running > 0 ? [`${running} going on (merge again when they have ended)`] : []),
  ];
  const lines = [`merged: ${parts.join(', ')}`, ...unreadable.map(unreadableText)];
  for (const name of conflicts) lines.push(`${name} is another there and here; ours stays`);
  if (conflicts.length > 0) {
    lines.push(
      `Compare them; if theirs is right, move ours away, copy the folder from ${folder} and run: ferrolab store rebuild`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function unreadableText({ folder, problem }: UnreadableFolder): string {
  return `left out ${folder}: ${problem}`;
}
