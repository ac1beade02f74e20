// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import type { ExitStatus } from '../errors.ts';
import { readWorld } from '../run/read-world.ts';
import type { SimRun } from '../run/sim-run.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation, simExitStatus } from './simulation.ts';

interface RunOptions {
  readonly json?: boolean;
}

/** `ferrolab run`: one simulated world; the same world gives the same console, byte for byte. */
export function runCommand(): Command {
  return new Command('run')
    .description('run a simulated world: the same world, the same console')
    .argument('<world>', 'file with a world')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab run tests/worlds/work-uaf.json\n')
    .action(async (file: string, options: RunOptions) => {
      process.exitCode = await run(file, options.json ?? false);
    });
}

async function run(file: string, json: boolean): Promise<ExitStatus> {
  const simulation = await prepareSimulation(await readWorld(file), interruptSignal());
  await using _simulation = simulation;
  const ran = await simulation.run();
  process.stdout.write(json ? `${JSON.stringify(document(ran))}\n` : text(ran, simulation.runs));
  return simExitStatus[ran.verdict.outcome];
}

/** What `--json` prints. */
function document({ verdict, consoleSha256, virtualNs, instructions, wallMs }: SimRun) {
  return {
    world: verdict.worldId,
    run: verdict.runId,
    verdict: verdict.outcome,
    title: verdict.crashes[0]?.title ?? null,
    reason: verdict.reason,
    consoleSha256,
    virtualNs,
    instructions,
    wallMs,
  };
}

function text(ran: SimRun, runs: string): string {
  const { verdict, consoleSha256, virtualNs, instructions, switches, wallMs } = ran;
  const count = (n: number) => n.toLocaleString('en-US');
  return [
    `${verdict.outcome}  ${verdict.reason}`,
    `world    ${verdict.worldId}`,
    `console  sha256:${consoleSha256}`,
    `took     ${(virtualNs / 1e9).toFixed(3)} s of virtual time in ${(wallMs / 1e3).toFixed(1)} s, ${count(instructions)} instructions, ${count(switches)} switches between vCPUs`,
    `folder   ${runs}/${verdict.runId}`,
    '',
  ].join('\n');
}
